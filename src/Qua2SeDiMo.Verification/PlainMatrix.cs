namespace Qua2SeDiMo.Verification;

/// <summary>A double-precision matrix with its gradient.</summary>
internal sealed class PlainMatrix(int rows, int columns, double[]? values = null)
{
    public int Rows { get; } = rows;
    public int Columns { get; } = columns;
    public double[] Values { get; } = values ?? new double[rows * columns];
    public double[] Gradient { get; } = new double[rows * columns];

    public Span<double> Row(int row) => Values.AsSpan(row * Columns, Columns);

    public Span<double> GradientRow(int row) => Gradient.AsSpan(row * Columns, Columns);
}
