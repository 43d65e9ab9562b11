using CsCheck;
using MathNet.Numerics.LinearAlgebra;
using Qua2SeDiMo.Numerics;
using Xunit;

namespace Qua2SeDiMo.Tests.Numerics;

/// <summary>Compares the solver of ridge regression with the definition and with another library.</summary>
public sealed class CholeskyTests
{
    [Fact]
    public void A_small_system_is_solved_as_by_hand()
    {
        double[] x = new Cholesky([4, double.NaN, 2, 3], 2).Solve([8, 8]);
        Assert.Equal(1, x[0], 1e-12);
        Assert.Equal(2, x[1], 1e-12);
    }

    [Fact]
    public void Random_systems_have_the_solution_of_another_library() =>
        Gen.Int[1, 12]
            .SelectMany(n => Gen.Select(Gen.Double[-1, 1].Array[n * n], Gen.Double[-1, 1].Array[n]))
            .Sample(
                (values, b) =>
                {
                    int n = b.Length;
                    Matrix<double> factor = Matrix<double>.Build.DenseOfRowMajor(n, n, values);
                    Matrix<double> matrix = (factor * factor.Transpose()) + Matrix<double>.Build.DenseIdentity(n);
                    double[] ours = new Cholesky(matrix.ToRowMajorArray(), n).Solve(b);
                    Vector<double> theirs = matrix.Solve(Vector<double>.Build.Dense(b));
                    return ours.Zip(theirs).All(pair => Math.Abs(pair.First - pair.Second) < 1e-9);
                }
            );

    [Theory]
    [InlineData(new double[] { 0 }, "pivot 0")]
    [InlineData(new double[] { double.NaN }, "pivot 0")]
    [InlineData(new double[] { 1, 0, 2, 1 }, "pivot 1")]
    public void A_matrix_that_is_not_positive_definite_is_refused(double[] matrix, string words) =>
        Assert.Contains(
            words,
            Assert.Throws<ArgumentException>(() => new Cholesky(matrix, (int)Math.Sqrt(matrix.Length))).Message,
            StringComparison.Ordinal
        );
}
