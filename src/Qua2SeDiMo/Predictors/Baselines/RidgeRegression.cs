using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Baselines;

/// <summary>The fitted numbers of a ridge model; with the same trials they restore it.</summary>
/// <param name="Dual">Dual coefficient of each trial.</param>
/// <param name="Intercept">Prediction when all coefficients are zero, in label units.</param>
/// <param name="Penalty">The chosen penalty λ of the squared coefficients.</param>
internal sealed record RidgeSolution(IReadOnlyList<double> Dual, double Intercept, double Penalty);

/// <summary>A linear model of the label: the intercept plus the coefficient of each weight's option, optionally with
/// coefficients of pairs of options inside units.</summary>
internal sealed class RidgeModel
{
    private readonly IReadOnlyList<OptionKernel.Point> training;
    private readonly double[] dual;

    internal RidgeModel(
        OptionKernel kernel,
        IReadOnlyList<OptionKernel.Point> training,
        double[] dual,
        double intercept,
        double penalty,
        double pairShare
    )
    {
        Kernel = kernel;
        this.training = training;
        this.dual = dual;
        Intercept = intercept;
        Penalty = penalty;
        PairShare = pairShare;
        Coefficients = kernel.Coefficients(training, dual);
    }

    internal OptionKernel Kernel { get; }

    /// <summary>Prediction when all coefficients are zero, in label units.</summary>
    public double Intercept { get; }

    /// <summary>The chosen penalty λ of the squared coefficients.</summary>
    public double Penalty { get; }

    /// <summary>Prior variance of a pair's coefficient relative to a single one's; 0 without pairs.</summary>
    public double PairShare { get; }

    /// <summary>[weight, option] coefficients of single options, in label units; their mean over a weight's options is
    /// zero.</summary>
    public double[] Coefficients { get; }

    /// <summary>The numbers to store for a model without pairs; see <see cref="RidgeRegression.Restore"/>.</summary>
    internal RidgeSolution Solution => new(dual, Intercept, Penalty);

    /// <summary>Predicted label of an allocation, in label units.</summary>
    public double Predict(IReadOnlyList<int> allocation)
    {
        ArgumentNullException.ThrowIfNull(allocation);
        OptionKernel.Point point = Kernel.At(allocation);
        double sum = Intercept;
        for (int i = 0; i < training.Count; i++)
            sum += dual[i] * Kernel.Value(point, training[i], PairShare);
        return sum;
    }
}

/// <summary>Ridge regression in its dual form, with one unknown per trial. The intercept is not penalised.</summary>
internal static class RidgeRegression
{
    private const int InnerFolds = 5;

    private static readonly double[] Penalties = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000];
    private static readonly double[] PairShares = [0.1, 0.3, 1];

    /// <summary>Fits to all trials of a training set.</summary>
    /// <param name="training">Options and labels.</param>
    /// <param name="trends">Whether to add the size and error columns of <see cref="OptionTrends"/>, almost
    /// unpenalised.</param>
    public static RidgeModel Fit(TrainingSet training, bool trends)
    {
        ArgumentNullException.ThrowIfNull(training);
        IReadOnlyList<int>[] allocations = [.. training.Trials.Select(trial => trial.Options)];
        return Fit(training.Features, allocations, [.. training.Trials.Select(trial => trial.Target)], trends: trends);
    }

    /// <summary>Restores a model with trends from its solution and the trials that it was fitted to.</summary>
    /// <returns>Null when the solution is for another number of trials or has a number that is not finite.</returns>
    internal static RidgeModel? Restore(TrainingSet training, RidgeSolution solution)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(solution);
        bool isOfTrials =
            solution.Dual.Count == training.Trials.Count
            && solution.Dual.Append(solution.Intercept).Append(solution.Penalty).All(double.IsFinite);
        if (!isOfTrials)
            return null;
        IReadOnlyList<int>[] allocations = [.. training.Trials.Select(trial => trial.Options)];
        OptionKernel kernel = Kernel(training.Features, allocations, [], trends: true);
        return new RidgeModel(
            kernel,
            [.. allocations.Select(kernel.At)],
            [.. solution.Dual],
            solution.Intercept,
            solution.Penalty,
            pairShare: 0
        );
    }

    /// <summary>Fits with the penalty that has the smallest squared error on held-out training trials (five inner
    /// folds).</summary>
    /// <param name="features">Size and error of every weight under every option.</param>
    /// <param name="allocations">Option of every weight, per trial.</param>
    /// <param name="labels">Label of each trial.</param>
    /// <param name="units">Groups of weights whose pairs get coefficients too; null or empty for single options
    /// only.</param>
    /// <param name="seed">Seed of the split into inner folds.</param>
    /// <param name="trends">
    /// Whether to add the columns of <see cref="OptionTrends"/>, almost unpenalised. The penalty then shrinks each
    /// option towards the effect that its size and error suggest instead of towards zero, which is better with few
    /// trials.
    /// </param>
    public static RidgeModel Fit(
        OptionFeatures features,
        IReadOnlyList<IReadOnlyList<int>> allocations,
        IReadOnlyList<double> labels,
        IReadOnlyList<IReadOnlyList<int>>? units = null,
        ulong seed = 0,
        bool trends = false
    )
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(allocations);
        ArgumentNullException.ThrowIfNull(labels);
        return Fit(Kernel(features, allocations, units ?? [], trends), allocations, labels, seed);
    }

    /// <summary>Fits single options without trends, for callers that have no sizes and errors.</summary>
    public static RidgeModel Fit(
        int weightCount,
        int optionCount,
        IReadOnlyList<IReadOnlyList<int>> allocations,
        IReadOnlyList<double> labels
    ) => Fit(new OptionKernel(weightCount, optionCount, [], []), allocations, labels, seed: 0);

    private static RidgeModel Fit(
        OptionKernel kernel,
        IReadOnlyList<IReadOnlyList<int>> allocations,
        IReadOnlyList<double> labels,
        ulong seed
    )
    {
        OptionKernel.Point[] points = [.. allocations.Select(kernel.At)];
        int[][] folds = FoldBorders.Split(allocations.Count, InnerFolds, seed);
        (double Error, double Penalty, double Share, double[] Matrix)? best = null;
        foreach (double share in kernel.HasPairs ? PairShares : [0])
        {
            double[] matrix = kernel.Matrix(points, share);
            foreach (double penalty in Penalties)
            {
                double error = folds.Sum(fold => HeldOutError(matrix, labels, fold, penalty));
                if (best is null || error < best.Value.Error)
                    best = (error, penalty, share, matrix);
            }
        }
        int[] all = [.. Enumerable.Range(0, allocations.Count)];
        (double[] dual, double intercept) = Solve(best!.Value.Matrix, labels, all, best.Value.Penalty);
        return new RidgeModel(kernel, points, dual, intercept, best.Value.Penalty, best.Value.Share);
    }

    /// <summary>
    /// Coefficients refitted on resampled trials with the penalty of <paramref name="model"/>. Their standard deviation
    /// over resamples estimates the uncertainty of each coefficient.
    /// </summary>
    /// <returns>[resample][weight · options + option].</returns>
    public static double[][] Bootstrap(
        RidgeModel model,
        OptionFeatures features,
        IReadOnlyList<IReadOnlyList<int>> allocations,
        IReadOnlyList<double> labels,
        int resamples,
        ulong seed = 0,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(allocations);
        OptionKernel kernel = model.Kernel;
        OptionKernel.Point[] points = [.. allocations.Select(kernel.At)];
        double[] matrix = kernel.Matrix(points, model.PairShare);
        double[][] results = new double[resamples][];
        var parallel = new ParallelOptions { CancellationToken = cancellationToken };
        Parallel.For(
            0,
            resamples,
            parallel,
            resample =>
            {
                var random = new Pcg32(seed, (ulong)resample + 1);
                int[] drawn = [.. Enumerable.Range(0, allocations.Count).Select(_ => random.Next(allocations.Count))];
                (double[] dual, _) = Solve(matrix, labels, drawn, model.Penalty);
                results[resample] = kernel.Coefficients([.. drawn.Select(t => points[t])], dual);
            }
        );
        return results;
    }

    private static OptionKernel Kernel(
        OptionFeatures features,
        IReadOnlyList<IReadOnlyList<int>> allocations,
        IReadOnlyList<IReadOnlyList<int>> units,
        bool trends
    ) => new(features.WeightCount, features.OptionCount, units, trends ? OptionTrends.Of(features, allocations) : []);

    // (K + λI)·α = y − b·1 with Σα = 0 for the intercept b.
    private static (double[] Dual, double Intercept) Solve(
        double[] matrix,
        IReadOnlyList<double> labels,
        int[] chosen,
        double penalty
    )
    {
        int n = chosen.Length,
            all = labels.Count;
        double[] system = new double[n * n],
            y = new double[n],
            ones = new double[n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
                system[(i * n) + j] = matrix[(chosen[i] * all) + chosen[j]];
            system[(i * n) + i] += penalty;
            y[i] = labels[chosen[i]];
            ones[i] = 1;
        }
        var factor = new Cholesky(system, n);
        double[] solved = factor.Solve(y),
            unit = factor.Solve(ones);
        double intercept = solved.Sum() / unit.Sum();
        for (int i = 0; i < n; i++)
            solved[i] -= intercept * unit[i];
        return (solved, intercept);
    }

    private static double HeldOutError(double[] matrix, IReadOnlyList<double> labels, int[] held, double penalty)
    {
        int all = labels.Count;
        int[] training = [.. Enumerable.Range(0, all).Except(held)];
        if (training.Length == 0)
            return 0;
        (double[] dual, double intercept) = Solve(matrix, labels, training, penalty);
        double error = 0;
        foreach (int t in held)
        {
            double prediction = intercept;
            for (int i = 0; i < training.Length; i++)
                prediction += dual[i] * matrix[(t * all) + training[i]];
            error += (prediction - labels[t]) * (prediction - labels[t]);
        }
        return error;
    }
}
