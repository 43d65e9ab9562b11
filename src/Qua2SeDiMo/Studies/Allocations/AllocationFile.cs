using System.Globalization;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Studies.Allocations;

/// <summary>
/// Allocations in JSON: <c>{"trials": [{"name", "allocation": {weight: option} or null, "average_bits",
/// "quantized_bytes", "metrics": {…}}]}</c>. Only <c>allocation</c> is required; null means full precision. Other
/// members are ignored. See docs/formats.md.
/// </summary>
internal static class AllocationFile
{
    private const char PartMark = '#';

    // Metric names in the file and in this program.
    private static readonly (string InFile, string Name)[] MetricNames =
    [
        ("frechet_clip", StudyMetric.Frechet.Name),
        ("kid_clip", StudyMetric.Kid.Name),
        ("clip_score", StudyMetric.ClipScore.Name),
        ("psnr_mean", StudyMetric.Psnr.Name),
        ("ssim_mean", StudyMetric.Ssim.Name),
        ("clip_cosine", StudyMetric.ClipCosine.Name),
    ];

    /// <summary>Reads allocations and their labels.</summary>
    /// <param name="path">JSON file: the object above, or only its array of trials.</param>
    /// <param name="weightNames">Names of the model's quantizable weights; null to leave names unchecked.</param>
    /// <param name="notes">Receives a line for every repeated key.</param>
    /// <exception cref="Q2Exception">The file is missing or not of this form, an option or weight is unknown, or two
    /// trials have the same name.</exception>
    public static IReadOnlyList<LabelledAllocation> Read(
        string path,
        IReadOnlyCollection<string>? weightNames = null,
        Notes? notes = null
    )
    {
        return Of(ForeignJson.Read(path, notes), weightNames);
    }

    /// <summary>Reads the allocations and labels of a parsed document.</summary>
    /// <exception cref="Q2Exception">The document is not of this form, an option or weight is unknown, or two trials
    /// have the same name.</exception>
    internal static IReadOnlyList<LabelledAllocation> Of(
        ForeignValue document,
        IReadOnlyCollection<string>? weightNames
    )
    {
        ForeignValue trials = document.Has("trials") ? document["trials"] : document;
        if (!trials.IsList || trials.Items.Count == 0)
            throw new AllocationFileException(
                $"{document.Source}: expected an object with a list 'trials' of at least one allocation."
            );
        List<LabelledAllocation> allocations = [.. trials.Items.Select(ReadTrial)];
        Check(document.Source, allocations, weightNames);
        return weightNames is null
            ? allocations
            : [.. allocations.Select(entry => entry with { Allocation = WithParts(entry.Allocation, weightNames) })];
    }

    /// <summary>Reads how the labels of a file were made, as far as the file states it.</summary>
    /// <exception cref="Q2Exception">The file cannot be read.</exception>
    public static AllocationProtocol ReadProtocol(string path) => AllocationProtocol.Of(ForeignJson.Read(path));

    private static LabelledAllocation ReadTrial(ForeignValue trial, int index)
    {
        if (!trial.Has("allocation"))
            throw trial.Fault("a trial: an object with a member 'allocation'");
        ForeignValue allocation = trial["allocation"];
        return new LabelledAllocation(
            trial["name"].TextOrNull() ?? string.Create(CultureInfo.InvariantCulture, $"trial-{index}"),
            allocation.IsNull ? BitAllocation.FullPrecision : BitAllocation.FromJson(allocation),
            ReadMetrics(trial)
        );
    }

    private static Dictionary<string, double> ReadMetrics(ForeignValue trial)
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        Add(trial, "average_bits", StudyMetric.AverageBits.Name);
        Add(trial, "quantized_bytes", StudyMetric.SizeBytes.Name);
        if (trial["metrics"] is { IsNull: false } labels)
        {
            foreach ((string inFile, string name) in MetricNames)
                Add(labels, inFile, name);
        }
        return metrics;

        void Add(ForeignValue from, string inFile, string name)
        {
            if (from[inFile].NumberOrNull() is not { } value)
                return;
            metrics[name] = double.IsFinite(value) ? value : throw from[inFile].Fault("a finite number");
        }
    }

    private static void Check(
        string path,
        List<LabelledAllocation> allocations,
        IReadOnlyCollection<string>? weightNames
    )
    {
        string? twice = allocations.GroupBy(entry => entry.Name).FirstOrDefault(group => group.Count() > 1)?.Key;
        if (twice is not null)
            throw new AllocationFileException($"{path}: two trials are named '{twice}'. Give each its own name.");
        if (weightNames is null)
            return;
        HashSet<string> known = [.. weightNames];
        foreach (LabelledAllocation entry in allocations)
        {
            string? unknown = entry.Allocation.Specs.Keys.FirstOrDefault(name => !known.Contains(name));
            if (unknown is null)
                continue;
            throw new AllocationFileException(
                $"{path}: trial '{entry.Name}' gives an option to '{unknown}', which is no quantizable weight of this model. "
                    + $"Its {known.Count} weights are named like '{weightNames.First()}'. "
                    + "Is the file for another model?"
            )
            {
                Remedy = Remedy.Inspect,
            };
        }
    }

    // An allocation for a model without split weights names a split weight once; its option applies to both parts.
    private static BitAllocation WithParts(BitAllocation allocation, IReadOnlyCollection<string> weightNames)
    {
        if (allocation.Specs.Keys.Any(name => name.Contains(PartMark)))
            return allocation;
        var choices = new Dictionary<string, QuantizerSpec>(allocation.Specs, StringComparer.Ordinal);
        foreach (string part in weightNames.Where(name => name.Contains(PartMark)))
        {
            if (allocation[part[..part.IndexOf(PartMark)]] is { } option)
                choices[part] = option;
        }
        return new BitAllocation(choices);
    }
}
