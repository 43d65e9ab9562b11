using System.Text.Json;
using System.Text.Json.Serialization;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Predictors;

/// <summary>What fitting found.</summary>
/// <param name="Objective">What was predicted.</param>
/// <param name="Options">How the network was trained.</param>
/// <param name="Result">Every model on the same held-out trials.</param>
/// <param name="TrainedOn">Which trials; null in files of older versions.</param>
/// <param name="Sentences">What the numbers say, in words.</param>
public sealed record Fit(
    string Objective,
    PredictorOptions Options,
    FitResult Result,
    TrainedOn? TrainedOn = null,
    IReadOnlyList<string>? Sentences = null
)
{
    /// <summary>Version of the algorithm that its numbers were made by; 0 in files of older versions.</summary>
    public int Algorithm { get; init; }

    /// <summary>Place in the order in which the fits of a run were made, from 1.</summary>
    public int Order { get; init; }

    /// <summary>Tells this fit from one of other trials or by other options.</summary>
    [JsonIgnore]
    internal string Identity =>
        ContentHash.Of(
            $"{Algorithm}\n{TrainedOn?.Fingerprint}\n{JsonSerializer.Serialize(Options with { Threads = 0 }, OwnJson.Compact)}"
        );

    /// <summary>Agreement of the scores with true sensitivities; null where none are known.</summary>
    public TruthAgreement? Truth { get; init; }
}
