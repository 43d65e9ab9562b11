using Qua2SeDiMo.Plans;

namespace Qua2SeDiMo.Reports;

/// <summary>A row of the result table: an allocation that was generated and scored.</summary>
public sealed record EntryData
{
    /// <summary>Unique identifier.</summary>
    public required string Key { get; init; }

    /// <summary>Name for people, for instance "Plan, 3.75 bits".</summary>
    public required string Label { get; init; }

    /// <summary>Name on charts; the label if null.</summary>
    public string? ShortLabel { get; init; }

    /// <summary>What it is.</summary>
    public required PlanKind Kind { get; init; }

    /// <summary>AverageBits that were asked for; null where none were.</summary>
    public double? RequestedBits { get; init; }

    /// <summary>AverageBits: tables included, quantizable weights only.</summary>
    public required double AverageBits { get; init; }

    /// <summary>Bytes of the quantizable weights, codes and tables.</summary>
    public required long QuantizedBytes { get; init; }

    /// <summary>EffectiveBits of the packed file: all bytes on disk ÷ all parameters × 8; null if it was not packed.</summary>
    public double? EffectiveBits { get; init; }

    /// <summary>Images that were scored.</summary>
    public required int ImageCount { get; init; }

    /// <summary>Metric key to measured value; a metric that does not apply is absent.</summary>
    public required IReadOnlyDictionary<string, Measured> Metrics { get; init; }

    /// <summary>Weight name to option name; a weight that is absent keeps full precision. Null if not to be shown.</summary>
    public IReadOnlyDictionary<string, string>? Choices { get; init; }

    internal string Name => ShortLabel ?? Label;

    internal Measured? this[MetricData metric] =>
        Metrics.TryGetValue(metric.Key, out Measured? measured) && double.IsFinite(measured.Value) ? measured : null;
}

/// <summary>One random trial of the study.</summary>
/// <param name="Number">Number, from 0.</param>
/// <param name="AverageBits">AverageBits of its allocation.</param>
/// <param name="Metrics">Metric key to value.</param>
public sealed record TrialData(int Number, double AverageBits, IReadOnlyDictionary<string, double> Metrics);
