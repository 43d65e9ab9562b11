using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>Compares how networks, ridge regression and baselines order the same weights.</summary>
internal static class Agreements
{
    internal static AgreementTable Of(
        OptionFeatures features,
        SensitivityRecord record,
        IReadOnlyList<ModelScoreSource> baselines,
        TrueSensitivity? truth
    )
    {
        int options = features.OptionCount;
        (string Name, double[] Scores, SensitivityResult? Result)[] ways =
        [
            .. record.Network is { } network
                ? [($"network, {record.Loss}", Flat(network), network)]
                : Array.Empty<(string, double[], SensitivityResult?)>(),
            .. record.OtherLosses.Select(other =>
                ($"network, {other.Loss}", Flat(other.Scores), (SensitivityResult?)other.Scores)
            ),
            (ModelLabels.Of(ModelNames.RidgeTrends), Flat(record.Ridge), record.Ridge),
            .. baselines.Select(source => (ModelLabels.Of(source.Model), source.Operations, (SensitivityResult?)null)),
            .. truth is null
                ? Array.Empty<(string, double[], SensitivityResult?)>()
                : [("Truth", truth.Scores(features), null)],
        ];
        double[][] drops =
        [
            .. ways.Select(way => FewerBitsCosts.Of(features, (w, o) => way.Scores[(w * options) + o])),
        ];
        double[][] centred = [.. ways.Select(way => TrueSensitivity.Centred(way.Scores, options))];
        return new AgreementTable(
            [.. ways.Select(way => way.Name)],
            Matrix(drops),
            Matrix(centred),
            Within(ScoreSpread.Folds),
            Within(ScoreSpread.Bootstrap)
        );

        double?[] Within(string kind) =>
            [.. ways.Select(way => way.Result?.Spreads.FirstOrDefault(spread => spread.Kind == kind)?.Agreement)];
    }

    private static double[] Flat(SensitivityResult result) => [.. result.Weights.SelectMany(weight => weight.Scores)];

    private static double?[][] Matrix(double[][] ways)
    {
        var tau = new double?[ways.Length][];
        for (int i = 0; i < ways.Length; i++)
        {
            tau[i] = new double?[ways.Length];
            for (int j = 0; j <= i; j++)
            {
                double value = RankStatistics.KendallTauB(ways[i], ways[j]);
                tau[i][j] = tau[j][i] = double.IsNaN(value) ? null : value;
            }
        }
        return tau;
    }
}
