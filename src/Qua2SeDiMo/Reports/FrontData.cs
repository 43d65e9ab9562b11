namespace Qua2SeDiMo.Reports;

/// <summary>A point of a front.</summary>
/// <param name="AverageBits">Size, tables included.</param>
/// <param name="Score">Largest summed score within that size.</param>
public sealed record FrontPointData(double AverageBits, double Score);

/// <summary>The best summed score of a proposer by size: the front from which its plans are taken.</summary>
/// <param name="Key">Name in figure files, for instance <c>network-block</c>.</param>
/// <param name="Label">Name for people.</param>
/// <param name="Unit">What a score is measured in.</param>
/// <param name="IsComplete">Whether all Pareto-optimal points are listed; otherwise the corners of their upper hull.</param>
/// <param name="Points">Ascending in size and in score.</param>
/// <param name="Proposals">The proposals for the requested sizes.</param>
public sealed record FrontData(string Key, string Label, string Unit, bool IsComplete, IReadOnlyList<FrontPointData> Points, IReadOnlyList<FrontPointData> Proposals)
{
    internal TableData ToTable() => new(
        [new("AverageBits", true), new($"Score, {Unit}", true)],
        [.. Points.Select(IReadOnlyList<TableCell> (point) => [TableCell.Number(point.AverageBits, 4), TableCell.Number(point.Score, 4)])]);
}
