using System.Text.Json;
using Qua2SeDiMo.Graphs;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Stages;

/// <summary>Where a weight stands in the network.</summary>
/// <param name="Name">Module path.</param>
/// <param name="Block">Block, or the place outside of the blocks.</param>
/// <param name="LayerType">Operator type.</param>
/// <param name="Parameters">Number of its elements.</param>
public sealed record WeightPosition(string Name, string Block, string LayerType, long Parameters);

/// <summary>Result of <c>q2 explain</c>.</summary>
/// <param name="Objective">What the scores are about.</param>
/// <param name="Decides">Model whose scores plans follow by default.</param>
/// <param name="Weights">Every weight, in the order of every score list.</param>
/// <param name="Ridge">Scores by ridge regression, in units of the objective.</param>
/// <param name="Network">Scores by the network, in standard deviations of node norms; null when none was trained.</param>
/// <param name="ModelAgreement">Kendall τ-b between the two models' orders of weights by what fewer bits cost; null without network.</param>
/// <param name="Sentences">What the numbers say, in words.</param>
public sealed record SensitivityRecord(
    string Objective, string Decides, IReadOnlyList<WeightPosition> Weights, SensitivityResult Ridge, SensitivityResult? Network, double? ModelAgreement,
    IReadOnlyList<string> Sentences)
{
    /// <summary>The scores of a model of <see cref="ModelNames"/>; ridge regression's for any but the network.</summary>
    public SensitivityResult By(string predictor) => predictor == ModelNames.Network && Network is not null ? Network : Ridge;
}

/// <summary>Reads scores of every operator from the fitted models.</summary>
public static class ExplainStage
{
    /// <summary>Scores every weight, and every unit, under every option.</summary>
    /// <exception cref="Q2Exception">There is no fitted predictor.</exception>
    public static SensitivityRecord Run(LoadedModel model, RunDirectory run, IProgress<StageProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        FitRecord fit = FittedFiles.Main(run);
        PredictorStudy study = LabelledStudy.OfRun(model, run, Objective.Parse(fit.Objective)).Study;
        OperationGraph graph = OperationGraphBuilder.Build(model.Graph);
        IReadOnlyList<Predictor> predictors = PredictorFile.Read(run.PredictorWeightsOf(fit.Options.Loss.ToString()));
        try
        {
            progress?.Report(new StageProgress("Explaining", 0, 2, "ridge regression"));
            SensitivityResult ridge = SensitivityAnalysis.OfRidge(study, cancellationToken: cancellationToken);
            progress?.Report(new StageProgress("Explaining", 1, 2, "network"));
            SensitivityResult? network = predictors.Count == 0 ? null
                : SensitivityAnalysis.OfNetwork(study, predictors, TopologyBuilder.Units(graph), cancellationToken: cancellationToken);
            WeightPosition[] weights = [.. Enumerable.Range(0, study.Features.WeightCount).Select(w => Position(graph, study.Topology.NodeOfWeight[w], w))];
            double? agreement = network is null ? null : RankStatistics.KendallTauB(Drops(network), Drops(ridge));
            var record = new SensitivityRecord(fit.Objective, fit.Result.Choice.Model, weights, ridge, network, agreement, []);
            record = record with { Sentences = SensitivityWords.Of(record) };
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

    private static WeightPosition Position(OperationGraph graph, int node, int weight)
    {
        NodePosition position = graph.Nodes[node].Position;
        return new WeightPosition(graph.Weights[weight].Name, position.BlockName, position.LayerType, graph.Weights[weight].ElementCount);
    }

    private static double[] Drops(SensitivityResult result) => [.. result.Weights.Select(weight => weight.BitDrop)];
}
