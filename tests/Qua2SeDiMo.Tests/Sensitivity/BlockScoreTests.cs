using System.Diagnostics;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Sensitivity;

public class BlockScoreTests(ITestOutputHelper output)
{
    // docs/dag.md, "How many combinations", explains the second figure of each family.
    [Theory]
    [InlineData("pixart", false, 39576)]
    [InlineData("pixart", true, 39361)]
    [InlineData("sdv15", false, 256488)]
    [InlineData("sdxl", false, 343458)]
    [InlineData("sdxl", true, 769878)]
    [Trait("Speed", "Slow")]
    public void Every_option_combination_of_every_published_unit_is_scored(string family, bool byName, int combinations)
    {
        var published = new PublishedUnits(RepositoryFiles.Golden($"dags/{family}.json"), byName);
        var scores = new HopScores(published.Topology, published.Features);
        Predictor[] folds = published.RandomFolds(5);
        var watch = Stopwatch.StartNew();
        TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
        long scored = 0;
        foreach (PredictorUnit unit in published.Units)
            scored += scores.Unit(folds, unit).Length;
        output.WriteLine(
            $"{family}: {scored} subgraphs by five folds in {watch.Elapsed.TotalSeconds:F2} s, "
                + $"{(Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds:F2} CPU s"
        );
        Assert.Equal(combinations, scored);
        foreach (Predictor fold in folds)
            fold.Dispose();
    }

    [Theory]
    [InlineData("pixart")]
    [InlineData("sdxl")]
    [InlineData("sdv15")]
    public void A_combination_scores_the_same_when_it_is_fed_alone(string family)
    {
        var published = new PublishedUnits(RepositoryFiles.Golden($"dags/{family}.json"));
        PredictorUnit[] kinds =
        [
            .. published
                .Units.GroupBy(unit => (unit.Hop, unit.Nodes.Count, unit.Weights.Count))
                .Select(group => group.First()),
        ];
        var scores = new HopScores(published.Topology, published.Features);
        var random = new Pcg32(3);
        double worst = 0;
        using Predictor fold = published.RandomFolds(1)[0];
        foreach (PredictorUnit unit in kinds)
        {
            double[] all = scores.Unit(fold, unit);
            for (int sample = 0; sample < 12; sample++)
            {
                int combination = sample == 0 ? all.Length - 1 : random.Next(all.Length);
                worst = Math.Max(
                    worst,
                    Math.Abs(all[combination] - Alone(fold, published, unit, combination))
                        / Math.Max(1, Math.Abs(all[combination]))
                );
            }
        }
        output.WriteLine($"{family}: {kinds.Length} kinds of units, worst relative difference {worst:E1}");
        Assert.InRange(worst, 0, 1e-6);
    }

    // Predicts the subgraph as a separate graph with one option per weight, by the code that predicts trials.
    private static double Alone(Predictor fold, PublishedUnits published, PredictorUnit unit, int combination)
    {
        int positions = published.Topology.Positions.Count,
            weight = 0;
        var local = new PredictorTopology(
            [.. unit.Nodes.Select(v => published.Topology.WeightOfNode[v] >= 0 ? weight++ : -1)],
            published.Topology.Positions,
            [.. unit.Nodes.SelectMany(v => published.Topology.PositionCodes.Skip(v * positions).Take(positions))],
            unit.Edges,
            new IReadOnlyList<int>?[PredictorTopology.HopCount]
        );
        OptionFeatures all = published.Features;
        var features = new OptionFeatures(
            all.Options,
            [.. unit.Weights.Select(all.OriginalBytes)],
            [
                .. unit.Weights.SelectMany(w =>
                    Enumerable.Range(0, all.OptionCount).Select(o => all.QuantizedBytes(w, o))
                ),
            ],
            [.. unit.Weights.SelectMany(w => Enumerable.Range(0, all.OptionCount).Select(o => all.Error(w, o)))],
            all.OriginalBits
        );
        int[] options = new int[unit.Weights.Count];
        for (int i = options.Length - 1; i >= 0; i--, combination /= all.OptionCount)
            options[i] = combination % all.OptionCount;
        var rows = new StudyRows(local, features, [options]);
        fold.Network.Forward(new RowBatch(rows.Plan).SelectAll(), rows.Features, train: false);
        int last = rows.Plan.Levels[unit.Hop].RowOf[unit.Nodes.Count - 1];
        return fold.HopWeight[unit.Hop] * Predictor.Norm(fold.Network.NodeEmbedding(unit.Hop, last));
    }
}
