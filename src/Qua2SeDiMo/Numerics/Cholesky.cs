using System.Numerics.Tensors;

namespace Qua2SeDiMo.Numerics;

/// <summary>Cholesky factorization A = L·Lᵀ of a symmetric positive definite matrix, for solving A·x = b.
/// Single-threaded, row-major, in place.</summary>
internal sealed class Cholesky
{
    private readonly double[] factor;
    private readonly int size;

    /// <summary>Factors a matrix; only its lower triangle is read.</summary>
    /// <param name="matrix">[n, n], row-major; overwritten by the factor, which this instance keeps.</param>
    /// <param name="size">n.</param>
    /// <exception cref="ArgumentException">The matrix is not positive definite.</exception>
    public Cholesky(double[] matrix, int size)
    {
        factor = matrix;
        this.size = size;
        for (int i = 0; i < size; i++)
        {
            Span<double> row = factor.AsSpan(i * size, size);
            for (int j = 0; j < i; j++)
            {
                ReadOnlySpan<double> other = factor.AsSpan(j * size, j);
                row[j] = (row[j] - TensorPrimitives.Dot(row[..j], other)) / factor[(j * size) + j];
            }
            double pivot = row[i] - TensorPrimitives.Dot<double>(row[..i], row[..i]);
            if (!(pivot > 0))
                throw new ArgumentException(
                    $"The matrix is not positive definite: pivot {i} is {pivot}.",
                    nameof(matrix)
                );
            row[i] = Math.Sqrt(pivot);
        }
    }

    /// <summary>Solves A·x = b and returns x.</summary>
    public double[] Solve(ReadOnlySpan<double> b)
    {
        double[] x = b.ToArray();
        for (int i = 0; i < size; i++)
            x[i] =
                (x[i] - TensorPrimitives.Dot<double>(factor.AsSpan(i * size, i), x.AsSpan(0, i)))
                / factor[(i * size) + i];
        for (int i = size - 1; i >= 0; i--)
        {
            x[i] /= factor[(i * size) + i];
            double value = x[i];
            for (int j = 0; j < i; j++)
                x[j] -= factor[(i * size) + j] * value;
        }
        return x;
    }
}
