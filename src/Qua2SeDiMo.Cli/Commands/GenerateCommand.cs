using System.CommandLine;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 generate</c>: writes images as PNG files.</summary>
internal static class GenerateCommand
{
    internal static Command Create()
    {
        var command = new Command(
            "generate",
            "Write images as PNG, from a model folder, a packed one, or a model under an allocation"
        );
        var model = new ModelArguments(command);
        var arguments = new GenerateArguments(command);
        command.Needs(model.RunOption, arguments.Allocation, "its bank holds the weights of an allocation");
        return command.Runs(
            (result, context, cancellationToken) =>
            {
                GenerateOptions options = arguments.Read(result);
                // Checked first, since opening the model takes a while.
                OutputFolderException.Check(arguments.Destination(result));
                using OpenModel loaded = model.Open(result, context);
                BitAllocation? allocation = arguments.ReadAllocation(result, loaded);
                options = options with { Activations = arguments.ReadActivations(result, loaded) };
                Preflight.Generate(
                    loaded,
                    arguments.Destination(result),
                    options,
                    allocation is null ? null : model.Run(result)
                );
                IReadOnlyList<CutText> cut = CutTextNotes.Say(
                    context,
                    CutPrompts.Find(loaded, options.Prompts, options.Request)
                );
                (BitAllocation, QuantizerBank)? quantized = null;
                if (allocation is not null)
                    quantized = (
                        allocation,
                        BankStage.Run(loaded, model.Run(result), context.Progress, cancellationToken)
                    );
                GenerateResult generated = GenerateStage.Run(
                    loaded,
                    arguments.Destination(result),
                    options,
                    quantized,
                    context.Progress,
                    cancellationToken
                ) with
                {
                    Cut = cut,
                };
                context.Print(
                    generated,
                    _ =>
                    {
                        TextWriter output = context.Out.Profile.Out.Writer;
                        foreach (GeneratedImage image in generated.Images)
                            output.WriteLine($"{image.Path}  (seed {image.Seed}) {image.Prompt}");
                        if (generated.Sheet is not null)
                            output.WriteLine(generated.Sheet);
                        output.WriteLine(
                            $"{generated.Images.Count} images of {generated.Width} × {generated.Height} in {generated.Seconds:0.0} s"
                        );
                    }
                );
                return ExitCode.Success;
            }
        );
    }
}
