using System.CommandLine;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Spectre.Console;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 pack</c>: writes the smaller model in one or several formats.</summary>
internal static class PackCommand
{
    internal static Command Create()
    {
        var command = new Command(
            "pack",
            "Write the smaller model; `q2 generate` runs from it alone, other programs from the formats made for them"
        );
        var model = new ModelArguments(command);
        var asked = new PackArguments(command);
        return command.Runs(
            (result, context, cancellationToken) =>
            {
                using OpenModel loaded = model.Open(result, context);
                RunDirectory run = model.Run(result);
                PackChoice chosen = asked.Choose(result, loaded, run);
                IReadOnlyList<PackTarget> targets = asked.Targets(result, run);
                foreach (PackTarget target in targets)
                    Preflight.Pack(loaded, run, chosen.Allocation, target.DirectoryPath, target.Format);
                PackedModelSummary[] packed = StageTimings.Measure(run, "pack", () => targets.Select(Pack).ToArray());
                context.Print(packed, _ => Array.ForEach(packed, summary => Show(summary, loaded, context.Out)));
                if (!context.Json && packed[0].Format != PackFormat.Recipes)
                    context.Next($"generate {packed[0].DirectoryPath} --prompt \"…\"");
                return ExitCode.Success;

                PackedModelSummary Pack(PackTarget target) =>
                    PackStage.Run(
                        loaded,
                        run,
                        chosen.Allocation,
                        target.DirectoryPath,
                        chosen.Origin,
                        target.Format,
                        chosen.ActivationBits,
                        chosen.Activations,
                        context.Progress,
                        cancellationToken
                    );
            }
        );
    }

    internal static void Show(PackedModelSummary summary, OpenModel loaded, IAnsiConsole output)
    {
        if (summary.Format == PackFormat.Recipes)
        {
            output.WriteLine(
                $"{summary.DirectoryPath}: settings for other tools; README.md there says what each loses."
            );
            return;
        }
        long original = loaded.StoredBytes;
        output.WriteLine(
            $"{summary.DirectoryPath}: {summary.FileBytes:#,0} bytes for the denoiser, "
                + $"{original / (double)summary.FileBytes:0.00} times smaller than {original:#,0}; "
                + $"{summary.AverageBits:0.000} average bits, {summary.QuantizedBytes:#,0} bytes quantized and "
                + $"{summary.RestBytes:#,0} at full precision."
        );
    }
}
