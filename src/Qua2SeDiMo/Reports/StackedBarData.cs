namespace Qua2SeDiMo.Reports;

/// <summary>How often each option was chosen, by group of weights.</summary>
/// <param name="Series">The options, full precision last if it occurs.</param>
/// <param name="Bars">One per group.</param>
internal sealed record StackedBarData(IReadOnlyList<ChartSeries> Series, IReadOnlyList<StackedBar> Bars)
{
    /// <summary>Counts the choices of an entry; the weights outside blocks form the last group.</summary>
    public static StackedBarData Choices(ReportData report, EntryData entry, Func<WeightData, string> groupOf)
    {
        IReadOnlyDictionary<string, string> choices = entry.Choices ?? new Dictionary<string, string>();
        string[] names = [.. report.Options.Select(option => option.Name)];
        int Index(WeightData weight) => choices.TryGetValue(weight.Name, out string? option) ? Array.IndexOf(names, option) : names.Length;
        bool hasFull = report.Weights.Any(weight => Index(weight) == names.Length);
        int count = names.Length + (hasFull ? 1 : 0);
        IReadOnlyList<ChartSeries> series = ChartSeries.Of(report.Options);
        return new StackedBarData(
            hasFull ? [.. series, ChartSeries.FullPrecision] : series,
            [.. report.Weights.GroupBy(weight => weight.IsOutside ? "outside blocks" : groupOf(weight))
                .OrderBy(group => group.First().IsOutside)
                .Select(group => new StackedBar(group.Key,
                    [.. Enumerable.Range(0, count).Select(i => group.Count(weight => Index(weight) == i))]))]);
    }

    public TableData ToTable() => new(
        [new("Group"), .. Series.Select(series => new TableColumn(series.Label, true))],
        [.. Bars.Select(IReadOnlyList<TableCell> (bar) => [bar.Label, .. bar.Counts.Select(count => TableCell.Number(count, 0))])]);
}

/// <summary>One bar: a count per series.</summary>
internal sealed record StackedBar(string Label, IReadOnlyList<int> Counts);
