using System.Globalization;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>A linear axis: a range with round ends, its ticks, and the mapping from values to drawing units.</summary>
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

    /// <summary>An axis that covers all finite values, drawn from <paramref name="start"/> to <paramref name="end"/> in
    /// drawing units.</summary>
    /// <param name="values">Values to cover; without a finite one the axis covers 0 … 1.</param>
    /// <param name="start">Position of the smallest value.</param>
    /// <param name="end">Position of the largest value; may be less than <paramref name="start"/>.</param>
    /// <param name="tickCount">Approximate number of ticks.</param>
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

    /// <summary>Position of a value in drawing units; a value outside the range lies beyond the ends.</summary>
    public double At(double value) => start + ((value - Min) / (Max - Min) * (end - start));

    /// <summary>The value as a tick label.</summary>
    public string Text(double value) => FigureText.Fixed(value, decimals);

    // Rounds up to 1, 2, 5 or 10 times a power of ten.
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
