using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>The network from first to last weight: size, sensitivity, and what each allocation chose.</summary>
/// <param name="Series">Looks of the options, full precision last.</param>
/// <param name="Weights">In network order.</param>
/// <param name="Lanes">One per allocation.</param>
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

/// <summary>A weight on the strip.</summary>
internal sealed record BitStripWeight(string Name, string Block, long ParameterCount, double? Spread);

/// <summary>One allocation on the strip; choices in the order of the weights.</summary>
internal sealed record BitStripLane(string Label, double AverageBits, IReadOnlyList<BitStripChoice> Choices);

/// <summary>The option of one weight: index of its series, and bits of one code.</summary>
internal readonly record struct BitStripChoice(int Series, int Bits);
