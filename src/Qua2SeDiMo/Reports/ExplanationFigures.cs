namespace Qua2SeDiMo.Reports;

/// <summary>A drawing with what to see in it and the numbers behind it.</summary>
internal sealed record ExplanationFigure(SvgDocument Drawing, string Caption, TableData Numbers);

/// <summary>The paper's figures for one model, at op level and at block level, and what goes beyond them.</summary>
internal static class ExplanationFigures
{
    private const int MostBars = 24;
    private const double Reach = 1.96;
    private const string Outside = "outside";

    /// <summary>All figures of an explanation in the order in which they are shown.</summary>
    public static IEnumerable<ExplanationFigure> All(ExplanationData data)
    {
        foreach (ExplanationModelData model in data.Models)
        {
            foreach (ExplanationFigure figure in OperatorLevel(data, model).Concat(BlockLevel(data, model)).Append(Costs(model))) yield return figure;
        }
        if (data.Agreement is { } agreement) yield return Agreement(agreement);
    }

    /// <summary>Scores of single weights: by block, by operator type, and the option chosen.</summary>
    public static IEnumerable<ExplanationFigure> OperatorLevel(ExplanationData data, ExplanationModelData model)
    {
        yield return Boxes($"{model.Key}-op-scores-by-block", $"{model.Label}: op-level scores by block", "Scores of all options of all weights by block index.", Scores(model, weight => weight.Block));
        yield return Boxes($"{model.Key}-op-scores-by-operator", $"{model.Label}: op-level scores by operator type", "Scores of all options of all weights by operator type.", Scores(model, weight => weight.Type));
        yield return Bars($"{model.Key}-op-choices-by-operator", $"{model.Label}: op-level choices by operator type",
            "Method and bits with the highest op-level score, by operator type; size is not counted.", Choices(data, model, weight => weight.Type, weight => weight.BestOption));
    }

    /// <summary>Scores of subgraphs: by block, by kind, and the options of the best combinations; none for op level only.</summary>
    public static IEnumerable<ExplanationFigure> BlockLevel(ExplanationData data, ExplanationModelData model)
    {
        if (model.Units.Count == 0) yield break;
        yield return Boxes($"{model.Key}-block-scores-by-block", $"{model.Label}: block-level scores by block", "Scores of all option combinations of all units by block index.", Units(model, unit => unit.Block));
        yield return Boxes($"{model.Key}-block-scores-by-kind", $"{model.Label}: block-level scores by kind of unit", "Scores of all option combinations by kind of unit.", Units(model, unit => unit.Kind));
        yield return Bars($"{model.Key}-block-choices-by-operator", $"{model.Label}: block-level choices by operator type",
            "Method and bits in the best combination of each unit, joined, by operator type; size is not counted.", Choices(data, model, weight => weight.Type, weight => weight.UnitOption ?? weight.BestOption));
    }

    /// <summary>What 4 to 3 bits costs in the most sensitive weights, with intervals.</summary>
    public static ExplanationFigure Costs(ExplanationModelData model)
    {
        ExplanationWeightData[] shown = [.. model.Weights.OrderByDescending(weight => weight.BitDrop).Take(MostBars)];
        var bars = new BarChartData($"cost of 4 to 3 bits, {model.Unit}", Decimals(shown.Select(weight => weight.BitDrop)),
            [.. shown.Select(weight => new BarData(weight.Name, new MeasuredData(weight.BitDrop, weight.BitDrop - (Reach * weight.Deviation), weight.BitDrop + (Reach * weight.Deviation)), [], false))]);
        string caption = $"What 4 to 3 bits costs in the {shown.Length} weights where it costs most; whiskers are 1.96 standard deviations over {model.MainSpread}"
            + (model.OtherSpread is { } other ? $" (over {other}: in the numbers)." : ".") + " Whiskers that overlap leave the order open.";
        return new ExplanationFigure(SvgBarChart.Draw($"{model.Key}-costs", $"{model.Label}: the most sensitive weights", bars), caption, WeightNumbers(model));
    }

    /// <summary>Kendall τ between all ways of scoring.</summary>
    public static ExplanationFigure Agreement(ExplanationAgreementData data)
    {
        var heat = new HeatMapData(data.Names, data.Names, data.Weights);
        TableData numbers = new(
            [new("Kendall τ over weights"), .. data.Names.Select(name => new TableColumn(name, true)), new("between folds", true), new("between resamples", true)],
            [.. data.Names.Select(IReadOnlyList<TableCell> (name, i) =>
                [name, .. data.Weights[i].Select(value => TableCell.Number(value, 3)), TableCell.Number(data.Folds[i], 3), TableCell.Number(data.Resamples[i], 3)])]);
        return new ExplanationFigure(SvgHeatMap.Draw("agreement", "Agreement on the order of weights", heat,
            "Heat table: Kendall rank correlation between the orders that different ways of scoring give the weights; stronger colour agrees more."),
            "Kendall τ between the orders of weights by what 4 to 3 bits costs: 1 is the same order, 0 unrelated. The numbers also give the agreement within each way, between folds and between resamples of the trials.", numbers);
    }

    private static TableData WeightNumbers(ExplanationModelData model)
    {
        bool hasOther = model.OtherSpread is not null;
        int options = model.Weights.Count == 0 ? 0 : model.Weights[0].Scores.Count;
        int decimals = Decimals(model.Weights.Select(weight => weight.BitDrop));
        return new TableData(
            [
                new("Weight"), new("Block"), new("Operator"), new("4 to 3 bits", true), new($"± over {model.MainSpread}", true),
                .. hasOther ? [new TableColumn($"± over {model.OtherSpread}", true)] : Array.Empty<TableColumn>(),
                .. Enumerable.Range(0, options).Select(o => new TableColumn($"option {o}: score ± {(hasOther ? "(both)" : "")}".TrimEnd(), true)),
            ],
            [.. model.Weights.OrderByDescending(weight => weight.BitDrop).Select(IReadOnlyList<TableCell> (weight) =>
            [
                weight.Name, weight.Block, weight.Type, TableCell.Number(weight.BitDrop, decimals), TableCell.Number(weight.Deviation, decimals),
                .. hasOther ? [TableCell.Number(weight.OtherDeviation, decimals)] : Array.Empty<TableCell>(),
                .. Enumerable.Range(0, options).Select(o => new TableCell(
                    $"{FigureText.Fixed(weight.Scores[o], decimals)} ± {FigureText.Fixed(weight.Deviations[o], decimals)}{(weight.OtherDeviations is { } others ? $" ± {FigureText.Fixed(others[o], decimals)}" : "")}", weight.Scores[o])),
            ])]);
    }

    // Three significant digits of the largest.
    private static int Decimals(IEnumerable<double> values)
    {
        double largest = values.Select(Math.Abs).Where(double.IsFinite).DefaultIfEmpty(1).Max();
        return largest <= 0 ? 2 : Math.Clamp(2 - (int)Math.Floor(Math.Log10(largest)), 0, 8);
    }

    private static BoxPlotData Scores(ExplanationModelData model, Func<ExplanationWeightData, string> group) => new(
        $"score of one option of one weight, {model.Unit}",
        [.. Ordered(model.Weights.GroupBy(group)).Select(weights => BoxData.Of(weights.Key, weights.Count(), [.. weights.SelectMany(weight => weight.Scores)]))]);

    private static BoxPlotData Units(ExplanationModelData model, Func<ExplanationUnitData, string> group) => new(
        $"score of one combination of one unit, {model.Unit}",
        [.. Ordered(model.Units.GroupBy(group)).Select(units => BoxData.Of(units.Key, units.Count(), [.. units.SelectMany(unit => unit.Quantiles)]))], "units");

    private static IEnumerable<IGrouping<string, T>> Ordered<T>(IEnumerable<IGrouping<string, T>> groups) => groups.OrderBy(group => group.Key == Outside);

    private static StackedBarData Choices(ExplanationData data, ExplanationModelData model, Func<ExplanationWeightData, string> group, Func<ExplanationWeightData, int> option) => new(
        ChartSeries.Of(data.Options),
        [.. Ordered(model.Weights.GroupBy(group)).Select(weights => new StackedBar(weights.Key, [.. Enumerable.Range(0, data.Options.Count).Select(o => weights.Count(weight => option(weight) == o))]))]);

    private static ExplanationFigure Boxes(string name, string title, string caption, BoxPlotData boxes) => new(SvgBoxPlot.Draw(name, title, boxes), caption, boxes.ToTable());

    private static ExplanationFigure Bars(string name, string title, string caption, StackedBarData bars) => new(SvgStackedBars.Draw(name, title, bars), caption, bars.ToTable());
}
