using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies.Allocations;

namespace Qua2SeDiMo.Measurement.Mixtures;

/// <summary>What a mixture does, and what its metric is predicted to be.</summary>
/// <param name="Name">Name of the mixture.</param>
/// <param name="Damage">Geometric mean over images of its damage; 0 where it changes nothing.</param>
/// <param name="Predicted">Null where no line is known.</param>
internal sealed record MixturePrediction(string Name, double Damage, DamagePrediction? Predicted);

/// <summary>What some mixtures do.</summary>
/// <param name="Predictions">Mixture by mixture, in their order.</param>
/// <param name="Line">From damage to the metric; null where there are too few labelled trials.</param>
/// <param name="IsCorrected">Whether trials correct the sums as well.</param>
internal sealed record MixturePredictions(
    IReadOnlyList<MixturePrediction> Predictions,
    DamageLine? Line,
    bool IsCorrected
)
{
    /// <summary>Predicts mixtures.</summary>
    /// <param name="measured">What every option of every weight does.</param>
    /// <param name="model">The model.</param>
    /// <param name="run">Its run directory: the trials of its study make the line.</param>
    /// <param name="allocations">The mixtures.</param>
    /// <exception cref="Q2Exception">One has an option that was not measured, or the study is damaged or another
    /// model's.</exception>
    public static MixturePredictions Of(
        MeasuredModel measured,
        OpenModel model,
        RunDirectory run,
        IReadOnlyList<LabelledAllocation> allocations
    )
    {
        ArgumentNullException.ThrowIfNull(measured);
        ArgumentNullException.ThrowIfNull(allocations);
        MixtureDamage mixtures = measured.Mixtures;
        var line = TrialLine.Of(mixtures, model, run);
        return new MixturePredictions(
            [
                .. allocations.Select(given => new MixturePrediction(
                    given.Name,
                    mixtures.Damage(given.Allocation),
                    line?.Predict(given.Allocation)
                )),
            ],
            line?.Line,
            line?.Correction is not null
        );
    }
}
