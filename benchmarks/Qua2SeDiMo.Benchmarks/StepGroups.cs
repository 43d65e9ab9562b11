using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Measurement.Mixtures;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>
/// Whether weights of their own for early and late steps pay: one option for all steps against one for the steps before a
/// border and one for those after it, at equal bytes. A weight with one option for both groups is stored once, one with
/// two options twice. Half of the cotangents choose and the other half says what the choice does, and the other way
/// round.
/// </summary>
internal static class StepGroups
{
    private static readonly BitBudget[] Budgets = [new(3.25, null), new(3.5, null), new(3.75, null), new(4.0, null)];

    /// <summary>One size and border.</summary>
    /// <param name="Bits">Average bits allowed, all stored weights counted.</param>
    /// <param name="Border">First step of the second group, from 0.</param>
    /// <param name="WeightsWithTwoOptions">Weights that are stored twice, mean over both halves.</param>
    /// <param name="LogDamageOfOne">Mean over images of log damage of the allocation for all steps, held out.</param>
    /// <param name="LogDamageOfTwo">The same with two groups.</param>
    /// <param name="PredictedOfOne">Predicted SSIM of the allocation for all steps; null without a line.</param>
    /// <param name="PredictedOfTwo">The same with two groups.</param>
    internal sealed record Row(
        double Bits,
        int Border,
        double WeightsWithTwoOptions,
        double LogDamageOfOne,
        double LogDamageOfTwo,
        double? PredictedOfOne,
        double? PredictedOfTwo
    );

    /// <summary>Compares all borders at all sizes.</summary>
    /// <param name="modelFolder">A pipeline folder.</param>
    /// <param name="runFolder">Its run directory with a sketch of whole runs, and a study for the line.</param>
    internal static IReadOnlyList<Row> Run(string modelFolder, string runFolder)
    {
        using OpenModel model = OpenModel.Open(modelFolder);
        var run = new RunDirectory(runFolder);
        MeasuredModel measured = MeasuredModel.Read(model, run);
        var objective = new Objective(StudyMetric.OfQuality(StudyRecord.Read(run).Summary.Objective));
        OptionFeatures sizes = StudyTrials.Read(model, run, objective).Training.Features;
        string[] weights = [.. model.Operations.Groups.Select(group => group[0].Name)];
        (MixtureDamage first, MixtureDamage second) = measured.Halves!.Value;
        int steps = first.Effects.Steps.Count;
        GroupedEffects[] halves =
        [
            new GroupedEffects(first.Effects, weights, sizes),
            new GroupedEffects(second.Effects, weights, sizes),
        ];
        DamageLine? line = TrialLine.Of(measured.Mixtures, model, run)?.Line;
        var rows = new List<Row>();
        foreach (BitBudget budget in Budgets)
        {
            (double alone, _) = GroupedEffects.HeldOut(halves, budget, border: 0);
            for (int border = 1; border < steps; border++)
            {
                (double apart, double twice) = GroupedEffects.HeldOut(halves, budget, border);
                rows.Add(
                    new Row(
                        budget.AverageBits!.Value,
                        border,
                        twice,
                        alone,
                        apart,
                        line?.Predict(alone).Value,
                        line?.Predict(apart).Value
                    )
                );
                Console.WriteLine(rows[^1]);
            }
        }
        return rows;
    }

    // Effects as those of pairs of options, one for the steps before a border and one for the others.
    private sealed class GroupedEffects(Effects effects, string[] weights, OptionFeatures sizes)
    {
        internal static (double LogDamage, double Twice) HeldOut(GroupedEffects[] halves, BitBudget budget, int border)
        {
            double damage = 0,
                twice = 0;
            foreach (
                (GroupedEffects choose, GroupedEffects predict) in new[]
                {
                    (halves[0], halves[1]),
                    (halves[1], halves[0]),
                }
            )
            {
                (int Early, int Late)[] pairs = choose.Pairs(border);
                OptionFeatures features = choose.Sizes(pairs);
                long bytes = budget.ToBytes(features.TotalOriginalBytes, features.OriginalBits);
                var search = new DamageSearch("step-groups", features, choose.Damages(pairs, border));
                IReadOnlyList<int> chosen = search.Propose(bytes)!.Options;
                damage += Order(chosen, predict.Damages(pairs, border), pairs.Length) / halves.Length;
                twice += chosen.Count(option => pairs[option].Early != pairs[option].Late) / (double)halves.Length;
            }
            return (damage, twice);
        }

        private (int Early, int Late)[] Pairs(int border)
        {
            int count = sizes.OptionCount;
            return border == 0
                ? [.. Enumerable.Range(0, count).Select(option => (option, option))]
                : [.. Enumerable.Range(0, count * count).Select(pair => (pair / count, pair % count))];
        }

        private OptionFeatures Sizes((int Early, int Late)[] pairs)
        {
            long Bytes(int weight, (int Early, int Late) pair) =>
                sizes.QuantizedBytes(weight, pair.Early)
                + (pair.Early == pair.Late ? 0 : sizes.QuantizedBytes(weight, pair.Late));
            int[] all = [.. Enumerable.Range(0, weights.Length)];
            return new OptionFeatures(
                [.. pairs.Select(pair => new OptionCode($"{pair.Early}/{pair.Late}", 0, 0))],
                [.. all.Select(sizes.OriginalBytes)],
                [.. all.SelectMany(weight => pairs.Select(pair => Bytes(weight, pair)))],
                [.. all.SelectMany(_ => pairs.Select(_ => 0.0))],
                sizes.OriginalBits
            );
        }

        private double[][] Damages((int Early, int Late)[] pairs, int border)
        {
            string[] options = [.. effects.Options.Select(option => $"{option}")];
            int[] option = [.. sizes.Options.Select(code => Array.IndexOf(options, code.Name))],
                weight = [.. weights.Select(name => effects.Weights.ToList().IndexOf(name))];
            return
            [
                .. Enumerable
                    .Range(0, effects.Images)
                    .Select(image =>
                        weight
                            .SelectMany(w =>
                                pairs.Select(pair => Damage(image, w, option[pair.Early], option[pair.Late], border))
                            )
                            .ToArray()
                    ),
            ];
        }

        private double Damage(int image, int weight, int early, int late, int border)
        {
            double squares = 0;
            for (int cotangent = 0; cotangent < effects.Cotangents; cotangent++)
            {
                double sum = 0;
                for (int step = 0; step < effects.Steps.Count; step++)
                    sum += effects[image, cotangent, step, weight, step < border ? early : late];
                squares += sum * sum;
            }
            return squares / effects.Cotangents;
        }

        private static double Order(IReadOnlyList<int> chosen, double[][] damages, int options) =>
            damages.Average(own => Math.Log(chosen.Select((option, weight) => own[(weight * options) + option]).Sum()));
    }
}
