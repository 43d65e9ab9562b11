namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Places point labels: of several candidate positions, each label takes the one that covers least of what is
/// drawn.</summary>
internal sealed class LabelPlacer(double left, double top, double right, double bottom)
{
    private const double Height = 13;
    private readonly List<Box> taken = [];

    /// <summary>Registers a drawn element that labels should not cover.</summary>
    /// <param name="x">Horizontal centre.</param>
    /// <param name="y">Vertical centre.</param>
    /// <param name="radius">Half of its width and height.</param>
    /// <param name="weight">Penalty per covered area; 1 for another label.</param>
    public void Avoid(double x, double y, double radius, double weight) =>
        taken.Add(new Box(x - radius, y - radius, x + radius, y + radius, weight));

    /// <summary>Chooses and registers the position of a label.</summary>
    /// <returns>Left end of the baseline, and whether the label is so far from its point that it needs a leader
    /// line.</returns>
    public (double X, double Y, bool IsFar) Place(double x, double y, string text)
    {
        double width = SvgDocument.TextWidth(text);
        (Box Box, bool IsFar, double Cost) best = (default, false, double.PositiveInfinity);
        foreach ((double distance, double penalty) in new[] { (9.0, 0.0), (20.0, 30.0), (34.0, 70.0), (50.0, 120.0) })
        {
            for (int direction = 0; direction < 12; direction++)
            {
                // To the right first, then alternately above and below at growing angles, left last: ties go to the
                // right.
                double angle = Math.PI / 6 * (direction % 2 == 0 ? direction / 2 : -(direction + 1) / 2);
                double centerX = x + (Math.Cos(angle) * (distance + (width / 2)));
                double centerY = y + (Math.Sin(angle) * (distance + (Height / 2)));
                var box = new Box(
                    centerX - (width / 2),
                    centerY - (Height / 2),
                    centerX + (width / 2),
                    centerY + (Height / 2),
                    1
                );
                double cost =
                    penalty
                    + (direction * 0.5)
                    + taken.Sum(other => other.Overlap(box) * other.Weight)
                    + (10 * Outside(box));
                if (cost < best.Cost)
                    best = (box, distance > 10, cost);
            }
        }
        taken.Add(best.Box);
        return (best.Box.Left, best.Box.Bottom - 3, best.IsFar);
    }

    private double Outside(Box box) =>
        Math.Max(0, left - box.Left)
        + Math.Max(0, box.Right - right)
        + Math.Max(0, top - box.Top)
        + Math.Max(0, box.Bottom - bottom);

    private readonly record struct Box(double Left, double Top, double Right, double Bottom, double Weight)
    {
        public double Overlap(Box other) =>
            Math.Max(0, Math.Min(Right, other.Right) - Math.Max(Left, other.Left))
            * Math.Max(0, Math.Min(Bottom, other.Bottom) - Math.Max(Top, other.Top));
    }
}
