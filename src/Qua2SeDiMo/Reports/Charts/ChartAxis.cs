using System.Globalization;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>A linear axis: a range that ends on round numbers, its ticks, and where a value lies in drawing
/// units.</summary>
internal sealed class ChartAxis
{
    private readonly double start;
    private readonly double end;
    private readonly int decimals;

    private ChartAxis(double min, double max, double step, double start, double end)
    {
        (Min, Max, this.start, this.end) = (min, max, start, end);
        decimals = Math.Max(0, -(int)Math.Floor(Math.Log10(step) + 1e-9));
        int count = (int)Math.Round((max - min) / step);
        Ticks = [.. Enumerable.Range(0, count + 1).Select(i => min + (i * step))];
    }

    public double Min { get; }

    public double Max { get; }

    public IReadOnlyList<double> Ticks { get; }

    /// <summary>An axis over the finite values, from <paramref name="start"/> to <paramref name="end"/> in drawing
    /// units.</summary>
    /// <param name="values">Values to cover; without any finite one the axis covers 0 … 1.</param>
    /// <param name="start">Where the smallest value lies.</param>
    /// <param name="end">Where the largest value lies; may be less than <paramref name="start"/>.</param>
    /// <param name="tickCount">About how many ticks.</param>
    public static ChartAxis Over(IEnumerable<double> values, double start, double end, int tickCount = 6)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        double low = finite.Length == 0 ? 0 : finite.Min();
        double high = finite.Length == 0 ? 1 : finite.Max();
        if (high - low < 1e-9 * Math.Max(1, Math.Abs(high)))
        {
            double half = Math.Max(Math.Abs(high) * 0.05, 1e-3);
            (low, high) = (low - half, high + half);
        }
        double step = RoundStep((high - low) / tickCount);
        return new ChartAxis(
            Math.Floor((low / step) + 1e-9) * step,
            Math.Ceiling((high / step) - 1e-9) * step,
            step,
            start,
            end
        );
    }

    /// <summary>Where a value lies; values beyond the range lie beyond the ends.</summary>
    public double At(double value) => start + ((value - Min) / (Max - Min) * (end - start));

    /// <summary>The value as a tick label.</summary>
    public string Text(double value) => FigureText.Fixed(value, decimals);

    // 1, 2 or 5 times a power of ten.
    private static double RoundStep(double rough)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double lead = rough / power;
        double step =
            (
                lead <= 1 ? 1
                : lead <= 2 ? 2
                : lead <= 5 ? 5
                : 10
            ) * power;
        return double.Parse(step.ToString("G12", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}
