using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies.Allocations;

namespace Qua2SeDiMo.Measurement.Mixtures;

/// <summary>Damage of a mixture, and the predicted value of its metric.</summary>
/// <param name="Name">Name of the mixture.</param>
/// <param name="Damage">Geometric mean over images of its damage; 0 if nothing is quantized.</param>
/// <param name="Predicted">Predicted value; null if no line is known.</param>
internal sealed record MixturePrediction(string Name, double Damage, DamagePrediction? Predicted);

/// <summary>Damages and predictions of some mixtures.</summary>
/// <param name="Predictions">One per mixture, in their order.</param>
/// <param name="Line">The line from damage to the metric; null if there are too few labelled trials.</param>
/// <param name="IsCorrected">Whether trials also correct the summed damages.</param>
internal sealed record MixturePredictions(
    IReadOnlyList<MixturePrediction> Predictions,
    DamageLine? Line,
    bool IsCorrected
)
{
    /// <summary>Predicts mixtures.</summary>
    /// <param name="measured">The measurement.</param>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory; the trials of its study determine the line.</param>
    /// <param name="allocations">The mixtures.</param>
    /// <exception cref="Q2Exception">A mixture has an option that was not measured, or the study is damaged or belongs
    /// to another model.</exception>
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
