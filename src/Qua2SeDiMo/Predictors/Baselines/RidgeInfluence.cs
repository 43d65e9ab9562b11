using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Baselines;

/// <summary>How each trial contributes to a linear combination of ridge coefficients.</summary>
/// <param name="Value">The combination fitted to all trials, in label units.</param>
/// <param name="LabelWeights">Weight g of each trial's label: the value is Σ g·label. Where a label is a mean over
/// images, this splits the value by image.</param>
/// <param name="Influence">Per trial, the value minus the value without that trial (same penalty), in label
/// units.</param>
internal sealed record CoefficientInfluence(
    double Value,
    IReadOnlyList<double> LabelWeights,
    IReadOnlyList<double> Influence
);

/// <summary>
/// Leave-one-out influence in closed form. With C the inverse of [[K + λI, 1], [1ᵀ, 0]], the dual solution is α = C·y,
/// and leaving out trial i subtracts C·e_i·α_i/C_ii from it.
/// </summary>
internal sealed class RidgeInfluence
{
    /// <summary>Largest number of trials for which callers compute influence: memory grows with its square, time with
    /// its cube.</summary>
    public const int MaxTrials = 3000;

    private readonly double[] inverse;
    private readonly OptionKernel kernel;
    private readonly OptionKernel.Point[] points;
    private readonly IReadOnlyList<double> labels;
    private readonly int optionCount;

    /// <summary>Inverts the system of a fitted model.</summary>
    public RidgeInfluence(
        RidgeModel model,
        OptionFeatures features,
        IReadOnlyList<IReadOnlyList<int>> allocations,
        IReadOnlyList<double> labels,
        CancellationToken cancellationToken = default
    )
    {
        kernel = model.Kernel;
        this.labels = labels;
        optionCount = features.OptionCount;
        points = [.. allocations.Select(kernel.At)];
        int n = points.Length;
        double[] matrix = kernel.Matrix(points, model.PairShare);
        for (int i = 0; i < n; i++)
            matrix[(i * n) + i] += model.Penalty;
        var factor = new Cholesky(matrix, n);
        double[] unit = factor.Solve(Enumerable.Repeat(1.0, n).ToArray());
        double total = unit.Sum();
        inverse = new double[n * n];
        Parallel.For(
            0,
            n,
            new ParallelOptions { CancellationToken = cancellationToken },
            i =>
            {
                double[] basis = new double[n];
                basis[i] = 1;
                double[] row = factor.Solve(basis);
                for (int j = 0; j < n; j++)
                    inverse[(i * n) + j] = row[j] - (unit[i] * unit[j] / total);
            }
        );
    }

    /// <summary>Influence of every trial on Σ contrast · coefficient.</summary>
    /// <param name="contrast">[weight · options + option]; the entries of each weight sum to zero.</param>
    public CoefficientInfluence Of(IReadOnlyList<double> contrast)
    {
        int n = points.Length;
        double[] against = new double[n];
        for (int i = 0; i < n; i++)
            against[i] = kernel.Contrast(points[i], contrast, optionCount);
        double[] shares = new double[n],
            dual = new double[n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                shares[i] += inverse[(i * n) + j] * against[j];
                dual[i] += inverse[(i * n) + j] * labels[j];
            }
        }
        double value = 0;
        double[] influence = new double[n];
        for (int i = 0; i < n; i++)
        {
            value += shares[i] * labels[i];
            influence[i] = shares[i] * dual[i] / inverse[(i * n) + i];
        }
        return new CoefficientInfluence(value, shares, influence);
    }
}
