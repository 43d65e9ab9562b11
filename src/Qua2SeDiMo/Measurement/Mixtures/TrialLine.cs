using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Measurement.Mixtures;

/// <summary>
/// Predicts the similarity of mixtures from measured damage and labelled trials: the line from damage to similarity
/// and, if it predicts held-out trials better, a correction of the summed damages by ridge regression on the line's
/// residuals.
/// </summary>
internal sealed class TrialLine
{
    /// <summary>Smallest number of labelled mixtures for a correction; with fewer, held-out errors are too
    /// uncertain.</summary>
    internal const int MinCorrecting = 32;

    private const int Folds = 5;
    private readonly MixtureDamage mixtures;
    private readonly DamageLine plain;

    private TrialLine(
        MixtureDamage mixtures,
        DamageLine plain,
        DamageLine? corrected = null,
        double[]? correction = null
    )
    {
        (this.mixtures, this.plain) = (mixtures, plain);
        Line = corrected ?? plain;
        Correction = correction;
    }

    /// <summary>The line. With a correction, it is fitted to mixtures that were corrected without the trials of their
    /// own fold, so that its interval holds for mixtures without a label.</summary>
    public DamageLine Line { get; }

    /// <summary>Correction of each option, [weight · options + option], added to the order of a mixture; null for
    /// none.</summary>
    public double[]? Correction { get; }

    /// <summary>Fits the line to the labelled trials of a run.</summary>
    /// <returns>The line; null if there is no study, too few of its trials are labelled, or losses were
    /// measured.</returns>
    /// <exception cref="Q2Exception">The study is damaged or belongs to another model.</exception>
    public static TrialLine? Of(MixtureDamage mixtures, OpenModel model, RunDirectory run)
    {
        ArgumentNullException.ThrowIfNull(mixtures);
        if (!File.Exists(run.StudyDatabase) || mixtures.Effects.Kind == EffectKind.Losses)
            return null;
        StudyTrials.RequireStudy(model, run);
        return Of(
            mixtures,
            StudyMetric.Ssim.Name,
            [
                .. RunStudy
                    .Trials(run)
                    .Where(trial =>
                        trial.State == TrialState.Complete && trial.Metrics.ContainsKey(StudyMetric.Ssim.Name)
                    )
                    .Select(trial => (trial.Allocation, trial.Metrics[StudyMetric.Ssim.Name])),
            ]
        );
    }

    /// <summary>Fits the line to labelled mixtures.</summary>
    /// <param name="mixtures">Measured damages.</param>
    /// <param name="metric">Name of the similarity.</param>
    /// <param name="labelled">Mixtures with their similarity.</param>
    /// <returns>The line; null if there are too few mixtures, or all have the same damage.</returns>
    public static TrialLine? Of(
        MixtureDamage mixtures,
        string metric,
        IReadOnlyList<(BitAllocation Allocation, double Value)> labelled
    )
    {
        ArgumentNullException.ThrowIfNull(mixtures);
        ArgumentNullException.ThrowIfNull(labelled);
        (BitAllocation Allocation, double Order, double Value)[] ordered =
        [
            .. labelled.Select(mixture => (mixture.Allocation, mixtures.Order(mixture.Allocation), mixture.Value)),
        ];
        var plain = DamageLine.Of(metric, [.. ordered.Select(mixture => (mixture.Order, mixture.Value))]);
        if (plain is null)
            return null;
        Point[] points =
        [
            .. ordered
                .Where(mixture => double.IsFinite(mixture.Order))
                .Select(mixture => (Options: mixtures.Options(mixture.Allocation), mixture.Order, mixture.Value))
                .Where(mixture => mixture.Options is not null)
                .Select(mixture => new Point(mixture.Options!, mixture.Order, mixture.Value)),
        ];
        if (points.Length < MinCorrecting || points.Length < labelled.Count)
            return new TrialLine(mixtures, plain);
        Effects effects = mixtures.Effects;
        var heldOut = new List<(double Order, double Value)>();
        foreach (int[] fold in FoldBorders.Split(points.Length, Folds, seed: 0))
        {
            Point[] others = [.. points.Where((_, place) => Array.BinarySearch(fold, place) < 0)];
            if (Correct(effects, metric, others) is not { } correction)
                return new TrialLine(mixtures, plain);
            heldOut.AddRange(fold.Select(place => (Corrected(points[place], correction), points[place].Value)));
        }
        var corrected = DamageLine.Of(metric, heldOut);
        return corrected is null || corrected.ResidualDeviation >= plain.ResidualDeviation
            ? new TrialLine(mixtures, plain)
            : new TrialLine(mixtures, plain, corrected, Correct(effects, metric, points));

        double Corrected(Point point, double[] correction) =>
            point.Order + Sum(correction, point.Options, effects.Options.Count);
    }

    /// <summary>Predicts the similarity of a mixture.</summary>
    /// <exception cref="MeasurementException">The mixture has an option or a weight that was not measured.</exception>
    public DamagePrediction Predict(BitAllocation allocation)
    {
        double order = mixtures.Order(allocation);
        // The correction applies only if every weight is quantized, as in the mixtures that it was fitted to.
        if (Correction is not null && mixtures.Options(allocation) is { } options)
            order += Sum(Correction, options, mixtures.Effects.Options.Count);
        return Line.Predict(order);
    }

    /// <summary>The prediction without the correction, for mixtures chosen with it: the correction makes them look too
    /// good.</summary>
    /// <param name="allocation">The mixture.</param>
    /// <param name="activations">Inputs of layers that are rounded; null for none.</param>
    public DamagePrediction PredictPlainly(BitAllocation allocation, ActivationAllocation? activations = null) =>
        plain.Predict(
            activations is null ? mixtures.Order(allocation) : mixtures.OrderWithInputs(allocation, activations)
        );

    // Fits the residuals of a line (in logits) per option, and converts them to changes of the order.
    private static double[]? Correct(Effects effects, string metric, Point[] points)
    {
        var line = DamageLine.Through(metric, [.. points.Select(point => (point.Order, point.Value))]);
        if (line is null || !(line.Slope < 0))
            return null;
        RidgeModel ridge = RidgeRegression.Fit(
            effects.Weights.Count,
            effects.Options.Count,
            [.. points.Select(point => point.Options)],
            [.. points.Select(point => line.Residual(point.Order, point.Value))]
        );
        return [.. ridge.Coefficients.Select(coefficient => coefficient / line.Slope)];
    }

    private static double Sum(double[] correction, int[] options, int optionCount)
    {
        double sum = 0;
        for (int weight = 0; weight < options.Length; weight++)
            sum += correction[(weight * optionCount) + options[weight]];
        return sum;
    }

    private sealed record Point(int[] Options, double Order, double Value);
}
