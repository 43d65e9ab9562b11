using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Reports.Charts;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Section with the option of each weight in each plan, along the network.</summary>
internal static class LayerSection
{
    public static Markup Draw(ReportData report, FigureBook book)
    {
        PlanEntry[] entries =
        [
            .. report
                .Entries.Where(entry => entry.Kind is PlanKind.Plan or PlanKind.WeightError or PlanKind.BestRandom)
                .OrderBy(entry => entry.Kind)
                .ThenBy(entry => entry.AverageBits),
        ];
        if (entries.Length == 0 || report.Weights.Count == 0)
            return Markup.Empty;
        BitStripData data = BitStripData.Collect(report, entries);
        return book.Add(
            SvgBitStrip.Draw("bits-per-layer", "Bits per layer", data),
            "The network from its first to its last weight. Tall is 4 bits, short and hatched 3; the colour is "
                + "the method. The upper lanes show how large and how sensitive each weight is.",
            data.ToTable(),
            "wide long"
        );
    }
}
