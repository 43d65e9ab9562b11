using System.Text.Json;
using System.Text.Json.Serialization;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Predictors;

/// <summary>Result of fitting a predictor and its baselines to a study.</summary>
/// <param name="Objective">Name of the label that was predicted.</param>
/// <param name="Options">Training options of the network.</param>
/// <param name="Result">Scores of every model on the same held-out trials.</param>
/// <param name="TrainedOn">The trials it was fitted to; null in files of older versions.</param>
/// <param name="Sentences">Sentences that state the result.</param>
public sealed record Fit(
    string Objective,
    PredictorOptions Options,
    FitResult Result,
    TrainedOn? TrainedOn = null,
    IReadOnlyList<string>? Sentences = null
)
{
    /// <summary>Version of the algorithm that made the numbers; 0 in files of older versions.</summary>
    public int Algorithm { get; init; }

    /// <summary>Sequence number among the fits of a run, from 1.</summary>
    public int Order { get; init; }

    /// <summary>Hash over trials, options (threads excepted) and algorithm version: fits of equal identity are
    /// interchangeable.</summary>
    [JsonIgnore]
    internal string Identity =>
        ContentHash.Of(
            $"{Algorithm}\n{TrainedOn?.Fingerprint}\n{JsonSerializer.Serialize(Options with { Threads = 0 }, OwnJson.Compact)}"
        );

    /// <summary>Agreement of the scores with true sensitivities; null where none are known.</summary>
    public TruthAgreement? Truth { get; init; }
}
