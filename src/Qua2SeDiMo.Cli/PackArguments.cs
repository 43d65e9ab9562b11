using System.CommandLine;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies.Allocations;

namespace Qua2SeDiMo.Cli;

/// <summary>The allocation that <c>q2 pack</c> packs.</summary>
/// <param name="Allocation">One option per weight.</param>
/// <param name="Origin">Origin of the allocation, recorded in the packed folder.</param>
/// <param name="ActivationBits">Bits that the inputs of all layers are rounded to; null for none.</param>
/// <param name="Activations">The same layer by layer; null where all have the same.</param>
internal sealed record PackChoice(
    BitAllocation Allocation,
    JsonObject Origin,
    int? ActivationBits,
    IReadOnlyDictionary<string, int>? Activations = null
);

/// <summary>A format in which the model is packed, and its folder.</summary>
internal sealed record PackTarget(PackFormat Format, string DirectoryPath);

/// <summary>Options of <c>q2 pack</c>.</summary>
internal sealed class PackArguments
{
    private static readonly Dictionary<string, PackFormat> Formats = new(StringComparer.Ordinal)
    {
        ["q2"] = PackFormat.Q2,
        ["diffusers"] = PackFormat.Diffusers,
        ["onnx"] = PackFormat.Onnx,
        ["onnx-operators"] = PackFormat.OnnxOperators,
        ["recipes"] = PackFormat.Recipes,
    };

    private readonly Option<double?> bits = NumberOption.Optional<double>(
        "--plan",
        "Average bits of the plan to pack, as asked for in `q2 plan`; default: the largest",
        0,
        1e9
    );
    private readonly Option<string?> allocation = new("--allocation")
    {
        Description =
            "Pack an allocation of this JSON file instead of a plan: an object of weight name to option, or "
            + "a file that holds several, such as plan.json",
    };
    private readonly Option<string?> entry = new("--entry")
    {
        Description = "Which allocation of a file that holds several",
    };
    private readonly Option<string[]> formats = new("--format")
    {
        Description = $"What to write: {string.Join(", ", Formats.Keys)}; several may be given",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => ["q2"],
    };
    private readonly Option<int?> activationBits = NumberOption.Optional(
        "--activation-bits",
        "Bits that activations are rounded to when the packed model runs; default: those of the plan or of its study",
        2,
        8
    );
    private readonly Option<string?> output = new("--out")
    {
        Description =
            "Folder to write; with several formats, one folder in it for each. Default: packed/, packed-FORMAT/ in the run directory",
    };

    internal PackArguments(Command command)
    {
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
    }

    /// <summary>Reads the allocation from the given file, else from the run's plans.</summary>
    internal PackChoice Choose(ParseResult result, OpenModel model, RunDirectory run)
    {
        int? given = result.GetValue(activationBits);
        if (result.GetValue(allocation) is { } file)
        {
            string? name = result.GetValue(entry);
            string[] weights = [.. model.Weights.Select(weight => weight.Name)];
            return new PackChoice(
                AllocationChoice.Read(file, name, weights),
                AllocationChoice.Origin(file, name),
                given,
                given is null ? AllocationChoice.ReadActivations(file, name, weights).ByWeight : null
            );
        }
        var planned = PlannedModel.Of(PlanStage.Read(model, run), result.GetValue(bits));
        return given is null && planned.Activations is not null
            ? new PackChoice(planned.Allocation, planned.Origin, null, planned.Activations)
            : new PackChoice(planned.Allocation, planned.Origin, given ?? StudyRecord.Read(run).Options.ActivationBits);
    }

    /// <summary>Every requested format with its folder.</summary>
    internal IReadOnlyList<PackTarget> Targets(ParseResult result, RunDirectory run)
    {
        string[] names = Names(result.GetValue(formats)!);
        return [.. names.Select(name => new PackTarget(Formats[name], Destination(name)))];

        string Destination(string name) =>
            result.GetValue(output) is { } folder ? (names.Length == 1 ? folder : Path.Combine(folder, name))
            : name == "q2" ? run.Packed
            : name == "recipes" ? run.Recipes
            : run.PackedAs(name);
    }

    // Splits at commas and removes duplicates.
    private static string[] Names(IEnumerable<string> given) =>
        [
            .. given
                .SelectMany(text =>
                    text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                )
                .Distinct(StringComparer.Ordinal),
        ];
}
