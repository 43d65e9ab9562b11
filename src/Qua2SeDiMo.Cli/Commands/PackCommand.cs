using System.CommandLine;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies.Allocations;
using Spectre.Console;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 pack</c>: the smaller model on disk, in one or several formats.</summary>
internal static class PackCommand
{
    private static readonly Dictionary<string, PackFormat> Formats = new(StringComparer.Ordinal)
    {
        ["q2"] = PackFormat.Q2,
        ["diffusers"] = PackFormat.Diffusers,
        ["onnx"] = PackFormat.Onnx,
        ["onnx-operators"] = PackFormat.OnnxOperators,
        ["recipes"] = PackFormat.Recipes,
    };

    internal static Command Create()
    {
        var command = new Command(
            "pack",
            "Write the smaller model; `q2 generate` runs from it alone, other programs from the formats made for them"
        );
        var model = new ModelArguments(command);
        var bits = NumberOption.Optional<double>(
            "--plan",
            "Average bits of the plan to pack, as asked for in `q2 plan`; default: the largest",
            0,
            1e9
        );
        var allocation = new Option<string?>("--allocation")
        {
            Description =
                "Pack an allocation of this JSON file instead of a plan: an object of weight name to option, or "
                + "a file that holds several, such as plan.json",
        };
        var entry = new Option<string?>("--entry") { Description = "Which allocation of a file that holds several" };
        var formats = new Option<string[]>("--format")
        {
            Description = $"What to write: {string.Join(", ", Formats.Keys)}; several may be given",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => ["q2"],
        };
        var activationBits = NumberOption.Optional(
            "--activation-bits",
            "Bits that activations are rounded to when the packed model runs; default: those of the study behind the plan",
            2,
            8
        );
        var output = new Option<string?>("--out")
        {
            Description =
                "Folder to write; with several formats, one folder in it for each. Default: packed/, packed-FORMAT/ in the run directory",
        };
        foreach (Option option in new Option[] { bits, allocation, entry, formats, activationBits, output })
            command.Add(option);
        command.Excludes(bits, allocation, "either a plan of the run is packed or an allocation of a file");
        command.Needs(entry, allocation, "it names one allocation of that file");
        formats.Validators.Add(result =>
        {
            foreach (
                string name in Names([.. result.Tokens.Select(token => token.Value)])
                    .Where(name => !Formats.ContainsKey(name))
            )
                result.AddError($"--format {name}: there are {string.Join(", ", Formats.Keys)}.");
        });
        return command.Runs(
            (result, context, cancellationToken) =>
            {
                using OpenModel loaded = model.Open(result, context);
                RunDirectory run = model.Run(result);
                BitAllocation chosen;
                JsonObject origin;
                int? studyBits = null;
                if (result.GetValue(allocation) is { } file)
                {
                    chosen = AllocationChoice.Read(
                        file,
                        result.GetValue(entry),
                        [.. loaded.Weights.Select(weight => weight.Name)]
                    );
                    origin = AllocationChoice.Origin(file, result.GetValue(entry));
                }
                else
                {
                    (chosen, origin) = PackStage.FromPlan(PlanStage.Read(loaded, run), result.GetValue(bits));
                    studyBits = StudyRecord.Read(run).Options.ActivationBits;
                }
                string[] names = Names(result.GetValue(formats)!);
                string Destination(string name) =>
                    result.GetValue(output) is { } folder ? (names.Length == 1 ? folder : Path.Combine(folder, name))
                    : name == "q2" ? run.Packed
                    : name == "recipes" ? run.Recipes
                    : run.PackedAs(name);
                foreach (string name in names)
                    Preflight.Pack(loaded, run, chosen, Destination(name), Formats[name]);
                PackedModelSummary[] packed = StageTimings.Measure(
                    run,
                    "pack",
                    () =>
                        names
                            .Select(name =>
                                PackStage.Run(
                                    loaded,
                                    run,
                                    chosen,
                                    Destination(name),
                                    origin,
                                    Formats[name],
                                    result.GetValue(activationBits) ?? studyBits,
                                    context.Progress,
                                    cancellationToken
                                )
                            )
                            .ToArray()
                );
                context.Print(packed, _ => Array.ForEach(packed, summary => Show(summary, loaded, context.Out)));
                if (!context.Json && packed[0].Format != PackFormat.Recipes)
                    context.Next($"generate {packed[0].DirectoryPath} --prompt \"…\"");
                return ExitCode.Success;
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

    // Given one by one or with commas, each once.
    private static string[] Names(IEnumerable<string> given) =>
        [
            .. given
                .SelectMany(text =>
                    text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                )
                .Distinct(StringComparer.Ordinal),
        ];
}
