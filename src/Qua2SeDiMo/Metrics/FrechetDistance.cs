using MathNet.Numerics.LinearAlgebra;

namespace Qua2SeDiMo.Metrics;

/// <summary>The four parts of a Fréchet distance, in squared feature units.</summary>
/// <param name="SquaredMeanDistance">|μ₁ − μ₂|².</param>
/// <param name="Trace">tr C₁, total variance of the evaluated set.</param>
/// <param name="ReferenceTrace">tr C₂, total variance of the reference set.</param>
/// <param name="RootTrace">tr (C₁C₂)^½.</param>
internal readonly record struct FrechetTerms(
    double SquaredMeanDistance,
    double Trace,
    double ReferenceTrace,
    double RootTrace
)
{
    /// <summary>|μ₁ − μ₂|² + tr C₁ + tr C₂ − 2 tr (C₁C₂)^½; 0 for equal sets, up to rounding.</summary>
    public double Distance => SquaredMeanDistance + Trace + ReferenceTrace - (2 * RootTrace);
}

/// <summary>
/// Fréchet distance between normal distributions fitted to two feature sets (Heusel et al., NeurIPS 2017, equation 6);
/// smaller is better, in squared feature units. Small sets bias it upwards, so only compare results of sets of equal
/// size. Covariances have divisor n − 1; all sums are in double precision.
/// </summary>
/// <remarks>
/// With C₂ = L·Lᵀ and A = X₁L/√(n₁−1), X₁ centred, C₁C₂ has the non-zero eigenvalues of AᵀA, so tr (C₁C₂)^½ is the sum
/// of the singular values of A: these are always real, and the cost depends on the smaller side of A. L depends only on
/// the reference and is computed once.
/// </remarks>
internal sealed class FrechetDistance
{
    private readonly int width;
    private readonly double[] referenceMean;
    private readonly double referenceTrace;
    private readonly Matrix<double> factor;

    /// <summary>Fits the reference distribution. Afterwards several threads may use the instance.</summary>
    /// <param name="reference">Row-major [samples, width], at least two rows.</param>
    /// <param name="width">Features of one sample.</param>
    /// <exception cref="ArgumentException">The values are not whole rows, or fewer than two rows.</exception>
    public FrechetDistance(ReadOnlySpan<float> reference, int width)
    {
        this.width = width;
        Matrix<double> centred = Centre(reference, width, out referenceMean);
        referenceTrace = SumOfSquares(centred);
        factor = centred.RowCount <= width ? centred.Transpose() : RootOfGram(centred);
    }

    /// <summary>Distance of a set to the reference.</summary>
    /// <param name="features">Row-major [samples, width], at least two rows.</param>
    /// <exception cref="ArgumentException">The values are not whole rows, or fewer than two rows.</exception>
    public double To(ReadOnlySpan<float> features) => TermsTo(features).Distance;

    /// <summary>The parts of <see cref="To"/>.</summary>
    /// <exception cref="ArgumentException">The values are not whole rows, or fewer than two rows.</exception>
    public FrechetTerms TermsTo(ReadOnlySpan<float> features)
    {
        Matrix<double> centred = Centre(features, width, out double[] mean);
        Matrix<double> product = centred * factor;
        Matrix<double> gram =
            product.RowCount <= product.ColumnCount
                ? product.TransposeAndMultiply(product)
                : product.TransposeThisAndMultiply(product);
        double rootTrace = 0;
        foreach (var eigenvalue in gram.Evd(Symmetricity.Symmetric).EigenValues)
            rootTrace += Math.Sqrt(Math.Max(eigenvalue.Real, 0));
        double meanDistance = 0;
        for (int i = 0; i < width; i++)
            meanDistance += (mean[i] - referenceMean[i]) * (mean[i] - referenceMean[i]);
        return new FrechetTerms(meanDistance, SumOfSquares(centred), referenceTrace, rootTrace);
    }

    // Subtracts the mean from all rows and divides by √(n−1), so that XᵀX of the result is the covariance.
    private static Matrix<double> Centre(ReadOnlySpan<float> features, int width, out double[] mean)
    {
        int rows = FeatureRows.Count(features, width);
        if (rows < 2)
            throw new ArgumentException($"A covariance needs two samples or more, not {rows}.", nameof(features));
        mean = new double[width];
        for (int i = 0; i < features.Length; i++)
            mean[i % width] += features[i];
        for (int i = 0; i < width; i++)
            mean[i] /= rows;
        Matrix<double> centred = Matrix<double>.Build.Dense(rows, width);
        double scale = 1 / Math.Sqrt(rows - 1);
        for (int i = 0; i < features.Length; i++)
            centred[i / width, i % width] = (features[i] - mean[i % width]) * scale;
        return centred;
    }

    // Factor V·√Λ of XᵀX by eigenvalues; unlike Cholesky's factor it exists for singular covariances too.
    private static Matrix<double> RootOfGram(Matrix<double> centred)
    {
        var decomposition = centred.TransposeThisAndMultiply(centred).Evd(Symmetricity.Symmetric);
        Vector<double> roots = decomposition.EigenValues.Map(value => Math.Sqrt(Math.Max(value.Real, 0)));
        return decomposition.EigenVectors.MapIndexed((_, column, value) => value * roots[column]);
    }

    private static double SumOfSquares(Matrix<double> matrix)
    {
        double sum = 0;
        foreach (double value in matrix.Enumerate())
            sum += value * value;
        return sum;
    }
}
