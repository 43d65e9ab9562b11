using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Reports.Words;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>A drawing with its caption and the numbers behind it.</summary>
internal sealed record ExplanationFigure(SvgDocument Drawing, string Caption, TableData Numbers);

/// <summary>Figures of an explanation: those of the paper for each model, at op level and block level, costs with
/// intervals, and agreement.</summary>
internal static class ExplanationFigures
{
    private const int MaxBars = 24;
    private const double Reach = 1.96;

    /// <summary>Writes every figure of an explanation as an SVG file.</summary>
    /// <param name="record">The explanation.</param>
    /// <param name="folder">Folder to write to; created if missing.</param>
    /// <returns>Names of the files.</returns>
    public static IReadOnlyList<string> Write(SensitivityRecord record, string folder)
    {
        ArgumentNullException.ThrowIfNull(record);
        var names = new List<string>();
        foreach (ExplanationFigure figure in All(record))
        {
            names.Add(figure.Drawing.Name + ".svg");
            AtomicFile.WriteText(Path.Combine(folder, names[^1]), figure.Drawing.ToFile());
        }
        return names;
    }

    /// <summary>Scores of single weights by block and by operator type, and the options with the best scores.</summary>
    internal static IEnumerable<ExplanationFigure> OperatorLevel(ExplainedModel model)
    {
        yield return Boxes(
            $"{model.Key}-op-scores-by-block",
            $"{model.Label}: op-level scores by block",
            "Scores of all options of all weights by block index.",
            Scores(model, model.Block)
        );
        yield return Boxes(
            $"{model.Key}-op-scores-by-operator",
            $"{model.Label}: op-level scores by operator type",
            "Scores of all options of all weights by operator type.",
            Scores(model, model.Type)
        );
        yield return Bars(
            $"{model.Key}-op-choices-by-operator",
            $"{model.Label}: op-level choices by operator type",
            "Method and bits with the highest op-level score, by operator type; size is not counted.",
            Choices(model, weight => model.Scores.Weights[weight].BestOption)
        );
    }

    /// <summary>Scores of units by block and by kind, and the options in the best combinations; empty if no units were
    /// scored.</summary>
    internal static IEnumerable<ExplanationFigure> BlockLevel(ExplainedModel model)
    {
        if (!model.Units.Any())
            yield break;
        yield return Boxes(
            $"{model.Key}-block-scores-by-block",
            $"{model.Label}: block-level scores by block",
            "Scores of all option combinations of all units by block index.",
            Units(model, model.Block)
        );
        yield return Boxes(
            $"{model.Key}-block-scores-by-kind",
            $"{model.Label}: block-level scores by kind of unit",
            "Scores of all option combinations by kind of unit.",
            Units(model, unit => unit.Kind)
        );
        yield return Bars(
            $"{model.Key}-block-choices-by-operator",
            $"{model.Label}: block-level choices by operator type",
            "Method and bits in the best combination of each unit, joined, by operator type; size is not counted.",
            Choices(model, model.UnitOption)
        );
    }

    /// <summary>Cost of 3 instead of 4 bits in the most sensitive weights, with intervals.</summary>
    internal static ExplanationFigure Costs(ExplainedModel model)
    {
        WeightScores[] shown = [.. model.Ranked.Take(MaxBars).Select(w => model.Scores.Weights[w])];
        var bars = new BarChartData(
            $"cost of 4 to 3 bits, {model.Unit}",
            Decimals(shown.Select(weight => weight.FewerBitsCost)),
            [.. shown.Select(Bar)]
        );
        string caption =
            $"What 4 to 3 bits costs in the {shown.Length} weights where it costs most; whiskers are 1.96 standard deviations "
            + $"over {model.MainWords}{(model.OtherWords is { } other ? $" (over {other}: in the numbers)" : "")}. "
            + "Whiskers that overlap leave the order open.";
        SvgDocument drawing = SvgBarChart.Draw(
            $"{model.Key}-costs",
            $"{model.Label}: the most sensitive weights",
            bars
        );
        return new ExplanationFigure(drawing, caption, WeightNumbers(model));

        static BarData Bar(WeightScores weight)
        {
            double reach = Reach * weight.FewerBitsDeviation;
            return new BarData(
                weight.Name,
                new Measured(weight.FewerBitsCost, weight.FewerBitsCost - reach, weight.FewerBitsCost + reach),
                [],
                false
            );
        }
    }

    /// <summary>Kendall τ between the orders of weights by all models.</summary>
    internal static ExplanationFigure Agreement(AgreementTable table)
    {
        var heat = new HeatMapData(table.Names, table.Names, table.Weights);
        var numbers = new TableData(
            [
                new("Kendall τ over weights"),
                .. table.Names.Select(name => new TableColumn(name, true)),
                new("between folds", true),
                new("between resamples", true),
            ],
            [.. table.Names.Select(Row)]
        );
        SvgDocument drawing = SvgHeatMap.Draw(
            "agreement",
            "Agreement on the order of weights",
            heat,
            "Heat table: Kendall rank correlation between the orders that different ways of scoring give the weights; "
                + "stronger colour agrees more."
        );
        string caption =
            "Kendall τ between the orders of weights by what 4 to 3 bits costs: 1 is the same order, 0 unrelated. "
            + "The numbers also give the agreement within each way, between folds and between resamples of the trials.";
        return new ExplanationFigure(drawing, caption, numbers);

        IReadOnlyList<TableCell> Row(string name, int i) =>
            [
                name,
                .. table.Weights[i].Select(value => TableCell.Number(value, 3)),
                TableCell.Number(table.Folds[i], 3),
                TableCell.Number(table.Resamples[i], 3),
            ];
    }

    // All figures of an explanation, in display order.
    private static IEnumerable<ExplanationFigure> All(SensitivityRecord record)
    {
        foreach (ExplainedModel model in ExplainedModel.All(record))
        {
            foreach (ExplanationFigure figure in OperatorLevel(model).Concat(BlockLevel(model)).Append(Costs(model)))
                yield return figure;
        }
        if (record.Agreement is { } agreement)
            yield return Agreement(agreement);
    }

    private static TableData WeightNumbers(ExplainedModel model)
    {
        ScoreSpread? other = model.Other;
        int options = model.Scores.Weights.Count == 0 ? 0 : model.Scores.Weights[0].Scores.Count;
        int decimals = Decimals(model.Scores.Weights.Select(weight => weight.FewerBitsCost));
        return new TableData(
            [
                new("Weight"),
                new("Block"),
                new("Operator"),
                new("4 to 3 bits", true),
                new($"± over {model.MainWords}", true),
                .. other is null ? Array.Empty<TableColumn>() : [new TableColumn($"± over {model.OtherWords}", true)],
                .. Enumerable
                    .Range(0, options)
                    .Select(o => new TableColumn(
                        $"option {o}: score ± {(other is null ? "" : "(both)")}".TrimEnd(),
                        true
                    )),
            ],
            [.. model.Ranked.Select(Row)]
        );

        IReadOnlyList<TableCell> Row(int w)
        {
            WeightScores weight = model.Scores.Weights[w];
            return
            [
                weight.Name,
                model.Block(w),
                model.Type(w),
                TableCell.Number(weight.FewerBitsCost, decimals),
                TableCell.Number(weight.FewerBitsDeviation, decimals),
                .. other is null
                    ? Array.Empty<TableCell>()
                    : [TableCell.Number(other.FewerBitsDeviations[w], decimals)],
                .. Enumerable.Range(0, options).Select(o => Score(weight, o, other?.Deviations[w][o])),
            ];
        }

        TableCell Score(WeightScores weight, int option, double? otherDeviation)
        {
            string text =
                $"{FigureText.Fixed(weight.Scores[option], decimals)} ± {FigureText.Fixed(weight.Deviations[option], decimals)}";
            return new TableCell(
                otherDeviation is { } also ? $"{text} ± {FigureText.Fixed(also, decimals)}" : text,
                weight.Scores[option]
            );
        }
    }

    // Decimals with which the largest value has three significant digits.
    private static int Decimals(IEnumerable<double> values)
    {
        double largest = values.Select(Math.Abs).Where(double.IsFinite).DefaultIfEmpty(1).Max();
        return largest <= 0 ? 2 : Math.Clamp(2 - (int)Math.Floor(Math.Log10(largest)), 0, 8);
    }

    private static BoxPlotData Scores(ExplainedModel model, Func<int, string> group) =>
        new(
            $"score of one option of one weight, {model.Unit}",
            [
                .. Ordered(model.Weights.GroupBy(group))
                    .Select(weights =>
                        BoxData.Of(
                            weights.Key,
                            weights.Count(),
                            [.. weights.SelectMany(w => model.Scores.Weights[w].Scores)]
                        )
                    ),
            ]
        );

    private static BoxPlotData Units(ExplainedModel model, Func<UnitSensitivity, string> group) =>
        new(
            $"score of one combination of one unit, {model.Unit}",
            [
                .. Ordered(model.Units.GroupBy(group))
                    .Select(units =>
                        BoxData.Of(units.Key, units.Count(), [.. units.SelectMany(unit => unit.Quantiles!)])
                    ),
            ],
            "units"
        );

    private static IEnumerable<IGrouping<string, T>> Ordered<T>(IEnumerable<IGrouping<string, T>> groups) =>
        groups.OrderBy(group => group.Key == WeightGroups.Outside);

    private static StackedBarData Choices(ExplainedModel model, Func<int, int> option)
    {
        OptionWords[] options = [.. model.Scores.Options.Select(OptionWords.OfName)];
        return new StackedBarData(ChartSeries.Of(options), [.. Ordered(model.Weights.GroupBy(model.Type)).Select(Bar)]);

        StackedBar Bar(IGrouping<string, int> weights) =>
            new(weights.Key, [.. options.Select((_, o) => weights.Count(w => option(w) == o))]);
    }

    private static ExplanationFigure Boxes(string name, string title, string caption, BoxPlotData boxes) =>
        new(SvgBoxPlot.Draw(name, title, boxes), caption, boxes.ToTable());

    private static ExplanationFigure Bars(string name, string title, string caption, StackedBarData bars) =>
        new(SvgStackedBars.Draw(name, title, bars), caption, bars.ToTable());
}
