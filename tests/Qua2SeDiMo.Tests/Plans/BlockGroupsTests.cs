using CsCheck;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Tests.Sensitivity;
using Xunit;

namespace Qua2SeDiMo.Tests.Plans;

public sealed class BlockGroupsTests
{
    [Fact]
    public void A_group_keeps_what_no_smaller_option_set_outscores() =>
        Gen.Select(Gen.Int[1, 40].Array[6], Gen.Int[-9, 9].Array[9])
            .Sample(
                (bytes, values) =>
                {
                    var features = new OptionFeatures(
                        [new("uaq-4", 1, 1), new("uaq-3", 1, 2), new("kmeans-a-3", 3, 2)],
                        [100, 100],
                        [.. bytes.Select(size => (long)size)],
                        new double[6],
                        16
                    );
                    double[] scores = [.. values.Select(value => value / 2.0)];
                    ScoredGroup group = BlockGroups.Group(features, [0, 1], scores);
                    (long Size, double Score)[] all =
                    [
                        .. Enumerable.Range(0, 9).Select(c => ((long)bytes[c / 3] + bytes[3 + (c % 3)], scores[c])),
                    ];
                    foreach (ScoredChoice choice in group.Choices)
                    {
                        if (all[choice.Combination] != (choice.SizeBytes, choice.Score))
                            return false;
                        if (all.Any(other => other.Size <= choice.SizeBytes && other.Score > choice.Score))
                            return false;
                    }
                    return all.All(other =>
                        group.Choices.Any(choice => choice.SizeBytes <= other.Size && choice.Score >= other.Score)
                    );
                },
                iter: 500
            );

    [Fact]
    public void Every_weight_of_a_published_graph_is_in_one_group_and_the_joined_allocation_takes_the_best_of_each()
    {
        var published = new PublishedUnits(RepositoryFiles.Golden("dags/pixart.json"));
        Predictor[] folds = published.RandomFolds(2);
        IReadOnlyList<ScoredGroup> groups = BlockGroups.Build(
            published.Topology,
            published.Features,
            folds,
            published.Units
        );
        Assert.Equal(
            Enumerable.Range(0, published.Topology.WeightCount),
            groups.SelectMany(group => group.Weights).Order()
        );
        PlanCandidate joined = new ScoreSumSearch("network-block", published.Features, groups).Propose(long.MaxValue)!;
        var scores = new HopScores(published.Topology, published.Features);
        foreach (PredictorUnit unit in published.Units)
        {
            int best = UnitRanking.Best(scores.Unit(folds, unit), 1)[0];
            for (int i = unit.Weights.Count - 1; i >= 0; i--, best /= 6)
                Assert.Equal(best % 6, joined.Options[unit.Weights[i]]);
        }
        Assert.Equal(published.Features.TotalBytes([.. joined.Options]), joined.SizeBytes);
        foreach (Predictor fold in folds)
            fold.Dispose();
    }

    [Fact]
    public void A_weight_of_two_units_is_decided_by_the_first_and_one_of_none_by_its_own_scores()
    {
        var published = new PublishedUnits(RepositoryFiles.Golden("dags/pixart.json"));
        Predictor[] folds = published.RandomFolds(1);
        PredictorUnit pair = published.Units.First(unit => unit.Weights.Count == 2),
            four = published.Units.First(unit => unit.Weights.Count == 4);
        PredictorUnit overlapping = pair with { Nodes = [pair.Nodes[0], .. pair.Nodes.Skip(1)] };
        IReadOnlyList<ScoredGroup> groups = BlockGroups.Build(
            published.Topology,
            published.Features,
            folds,
            [four, pair, overlapping]
        );
        Assert.Equal([4, 2], groups.Take(2).Select(group => group.Weights.Count));
        Assert.Equal(published.Topology.WeightCount - 6, groups.Count - 2);
        double[] alone = new HopScores(published.Topology, published.Features).Operations(folds[0]);
        Assert.All(
            groups.Skip(2),
            group =>
                Assert.All(
                    group.Choices,
                    choice => Assert.Equal(alone[(group.Weights[0] * 6) + choice.Combination], choice.Score)
                )
        );
        folds[0].Dispose();
    }

    [Fact]
    public void Scores_are_averaged_over_the_options_of_weights_that_another_unit_decides()
    {
        double[] scores = [1, 2, 3, 4, 5, 6, 7, 8];
        Assert.Equal([2, 3, 6, 7], BlockGroups.Average(scores, [true, false, true], 2));
        Assert.Equal([3, 4, 5, 6], BlockGroups.Average(scores, [false, true, true], 2));
        Assert.Equal([4.5], BlockGroups.Average(scores, [false, false, false], 2));
    }
}
