using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Data of a bit strip: size, sensitivity and chosen options of every weight, from the first to the
/// last.</summary>
/// <param name="Series">Styles of the options, full precision last.</param>
/// <param name="Weights">The weights, in network order.</param>
/// <param name="Lanes">The allocations, one lane each.</param>
internal sealed record BitStripData(
    IReadOnlyList<ChartSeries> Series,
    IReadOnlyList<BitStripWeight> Weights,
    IReadOnlyList<BitStripLane> Lanes
)
{
    public static BitStripData Collect(ReportData report, IReadOnlyList<PlanEntry> entries)
    {
        IReadOnlyList<QuantizerSpec> options = QuantizerSpec.PaperOptions;
        IReadOnlyList<ScoredWeight> weights = ScoredWeight.All(report);
        return new BitStripData(
            [.. ChartSeries.OfPaper, ChartSeries.FullPrecision],
            [
                .. weights.Select(weight => new BitStripWeight(
                    weight.Name,
                    weight.Block,
                    weight.Position.Parameters,
                    weight.Spread
                )),
            ],
            [
                .. entries.Select(entry => new BitStripLane(
                    entry.ShortName(),
                    entry.AverageBits,
                    [.. weights.Select(weight => Choice(entry, weight))]
                )),
            ]
        );

        BitStripChoice Choice(PlanEntry entry, ScoredWeight weight)
        {
            int option = entry.Choice(options, weight);
            return option < 0
                ? new BitStripChoice(options.Count, report.Run.OriginalBits)
                : new BitStripChoice(option, options[option].Bits);
        }
    }

    public TableData ToTable() =>
        new(
            [
                new("Weight"),
                new("Block"),
                new("Parameters", true),
                new("Score spread", true),
                .. Lanes.Select(lane => new TableColumn(lane.Label)),
            ],
            [
                .. Weights.Select(
                    IReadOnlyList<TableCell> (weight, i) =>
                        [
                            weight.Name,
                            weight.Block,
                            TableCell.Number(weight.ParameterCount, 0),
                            TableCell.Number(weight.Spread, 2),
                            .. Lanes.Select(lane => (TableCell)Series[lane.Choices[i].Series].Label),
                        ]
                ),
            ]
        );
}

/// <summary>A weight of the strip; its spread is null without scores.</summary>
internal sealed record BitStripWeight(string Name, string Block, long ParameterCount, double? Spread);

/// <summary>One allocation of the strip, with its choices in the order of the weights.</summary>
internal sealed record BitStripLane(string Label, double AverageBits, IReadOnlyList<BitStripChoice> Choices);

/// <summary>The option of one weight: index of its series, and bits of a code.</summary>
internal readonly record struct BitStripChoice(int Series, int Bits);
