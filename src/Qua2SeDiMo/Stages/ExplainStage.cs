using System.Text.Json;
using MathNet.Numerics.Statistics;
using Qua2SeDiMo.Graphs;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Stages;

/// <summary>A score with its spread.</summary>
/// <param name="Mean">In standard deviations of the node norm (network) or in units of the objective (ridge); larger is better.</param>
/// <param name="Deviation">Standard deviation over folds (network) or bootstrap resamples of trials (ridge).</param>
public sealed record Score(double Mean, double Deviation);

/// <summary>The sensitivity of one weight.</summary>
/// <param name="Name">Module path.</param>
/// <param name="Block">Block name, or where outside of the blocks it lies.</param>
/// <param name="LayerType">Operator type.</param>
/// <param name="Parameters">Number of its elements.</param>
/// <param name="Network">Score per option by the network; empty when none was trained.</param>
/// <param name="Ridge">Score per option by ridge regression.</param>
public sealed record WeightSensitivity(string Name, string Block, string LayerType, long Parameters, IReadOnlyList<Score> Network, IReadOnlyList<Score> Ridge)
{
    /// <summary>How much the choice of option matters, by ridge regression: largest minus smallest mean.</summary>
    public double RidgeRange => Ridge.Max(score => score.Mean) - Ridge.Min(score => score.Mean);
}

/// <summary>Result of <c>q2 explain</c>.</summary>
/// <param name="Objective">What the scores are about.</param>
/// <param name="Options">Options in the order of every score list.</param>
/// <param name="Weights">Every weight, in the order of the network.</param>
/// <param name="FoldAgreement">Mean Kendall τ between the folds' ranges of scores over weights; null with fewer than two networks.</param>
/// <param name="NetworkRidgeAgreement">Kendall τ between the network's and ridge regression's scores over all weights and options; null without network.</param>
/// <param name="Sentences">What the numbers say, in words.</param>
public sealed record SensitivityRecord(
    string Objective, IReadOnlyList<string> Options, IReadOnlyList<WeightSensitivity> Weights, double? FoldAgreement, double? NetworkRidgeAgreement,
    IReadOnlyList<string> Sentences)
{
    /// <summary>Scores by weight name: the network's, or ridge regression's.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Score>> ScoresBy(string predictor) =>
        Weights.ToDictionary(weight => weight.Name, weight => predictor == ModelNames.Network ? weight.Network : weight.Ridge);
}

/// <summary>Reads scores of every operator from the fitted models.</summary>
public static class ExplainStage
{
    private const int Resamples = 200;

    /// <summary>Scores every weight under every option.</summary>
    /// <exception cref="Q2Exception">There is no fitted predictor.</exception>
    public static SensitivityRecord Run(LoadedModel model, RunDirectory run, IProgress<StageProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        FitRecord fit = StudyRecord.ReadFile<FitRecord>(run.PredictorReport, "fit");
        PredictorStudy study = FitStage.LoadStudy(model, run, Objective.Parse(fit.Objective));
        OperationGraph graph = OperationGraphBuilder.Build(model.Graph);
        IReadOnlyList<Predictor> predictors = PredictorFile.Read(run.PredictorWeights);
        try
        {
            progress?.Report(new StageProgress("Explaining", 0, 2));
            var hopScores = new HopScores(study.Topology, study.Features);
            double[][] folds = [.. predictors.Select(hopScores.Operations)];
            progress?.Report(new StageProgress("Explaining", 1, 2));
            Score[][] ridge = RidgeScores(study, cancellationToken);
            var record = Describe(fit.Objective, study, graph, folds, ridge);
            AtomicFile.WriteText(run.Sensitivity, JsonSerializer.Serialize(record, StudyRecord.Json));
            progress?.Report(new StageProgress("Explaining", 2, 2));
            return record;
        }
        finally
        {
            foreach (Predictor predictor in predictors) predictor.Dispose();
        }
    }

    /// <summary>Reads the record of a run.</summary>
    /// <exception cref="Q2Exception">There is none.</exception>
    public static SensitivityRecord Read(RunDirectory run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return StudyRecord.ReadFile<SensitivityRecord>(run.Sensitivity, "explain");
    }

    // Coefficients of the one-hot options, with their spread over resampled trials.
    private static Score[][] RidgeScores(PredictorStudy study, CancellationToken cancellationToken)
    {
        IReadOnlyList<int>[] allocations = [.. study.Trials.Select(trial => trial.Options)];
        double[] labels = [.. study.Trials.Select(trial => trial.Target)];
        RidgeModel ridge = RidgeRegression.Fit(study.Features, allocations, labels);
        double[][] resampled = RidgeRegression.Bootstrap(ridge, study.Features, allocations, labels, Resamples, cancellationToken: cancellationToken);
        int options = study.Features.OptionCount;
        return
        [
            .. Enumerable.Range(0, study.Features.WeightCount).Select(w => Enumerable.Range(0, options).Select(o =>
                new Score(ridge.Coefficients[(w * options) + o], resampled.Select(sample => sample[(w * options) + o]).StandardDeviation())).ToArray()),
        ];
    }

    private static SensitivityRecord Describe(string objective, PredictorStudy study, OperationGraph graph, double[][] folds, Score[][] ridge)
    {
        int options = study.Features.OptionCount;
        WeightSensitivity[] weights =
        [
            .. Enumerable.Range(0, study.Features.WeightCount).Select(w =>
            {
                NodePosition position = graph.Nodes[study.Topology.NodeOfWeight[w]].Position;
                // The paper sums over folds; so does the mean here, up to the number of folds.
                Score[] network = folds.Length == 0 ? [] : [.. Enumerable.Range(0, options).Select(o =>
                {
                    double[] values = [.. folds.Select(fold => fold[(w * options) + o])];
                    return new Score(values.Sum(), values.Length > 1 ? values.StandardDeviation() * Math.Sqrt(values.Length) : 0);
                })];
                return new WeightSensitivity(study.WeightNames[w], position.BlockName, position.LayerType, graph.Weights[w].ElementCount, network, ridge[w]);
            }),
        ];
        double? between = folds.Length < 2 ? null : Pairs(folds.Length).Average(pair => RankStatistics.KendallTauB(Ranges(folds[pair.First], options), Ranges(folds[pair.Second], options)));
        double? toRidge = folds.Length == 0 ? null : RankStatistics.KendallTauB(
            [.. weights.SelectMany(weight => weight.Network.Select(score => score.Mean))], [.. weights.SelectMany(weight => weight.Ridge.Select(score => score.Mean))]);
        return new SensitivityRecord(objective, [.. study.Features.Options.Select(option => option.Name)], weights, between, toRidge, SensitivityWords.Of(objective, weights, between, toRidge));
    }

    private static double[] Ranges(double[] scores, int options) => [.. scores.Chunk(options).Select(row => row.Max() - row.Min())];

    private static IEnumerable<(int First, int Second)> Pairs(int count) =>
        from first in Enumerable.Range(0, count) from second in Enumerable.Range(first + 1, count - first - 1) select (first, second);
}
