using System.Numerics.Tensors;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>
/// UniPC, a predictor-corrector method with one formula for both parts (Zhao et al., NeurIPS 2023, arXiv 2302.04867):
/// each step first corrects the sample with the new model output, then extrapolates. Both use differences of earlier
/// outputs, weighted by the solution of a small linear system (equations 9 and 11).
/// </summary>
internal sealed class UniPCScheduler : IScheduler
{
    private const int LargestOrder = 3;

    private readonly ComponentConfig config;
    private readonly NoiseSchedule schedule;
    private readonly PredictionType prediction;
    private readonly SampleClipping clipping;
    private readonly OutputHistory outputs;
    private readonly int[] uncorrected;
    private readonly int order;
    private readonly bool predictsSample;
    private readonly bool isFirstVariant;
    private readonly bool lowerOrderFinal;
    private readonly bool usesFlow;
    private float[] timesteps = [];
    private float[] sigmas = [];
    private float[] lastSample = [];
    private float[] converted = [];
    private int lastOrder;

    /// <summary>Builds the scheduler from a <c>scheduler_config.json</c>.</summary>
    /// <exception cref="Q2Exception">A key has a value that is not supported.</exception>
    public UniPCScheduler(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        this.config = config;
        schedule = NoiseSchedule.From(config, keepsLastPositive: true);
        predictsSample = config.Flag("predict_x0", true);
        prediction = ModelOutputs.Type(config, allowsFlow: predictsSample);
        clipping = new SampleClipping(config, clipsByDefault: null);
        order = config.Int("solver_order", 2);
        if (order is < 1 or > LargestOrder)
            throw config.Unsupported("solver_order", "1 to 3 are");
        isFirstVariant = config.Text("solver_type", "bh2") switch
        {
            "bh1" => true,
            "bh2" or "midpoint" or "heun" or "logrho" => false,
            _ => throw config.Unsupported("solver_type", "bh1 and bh2 are"),
        };
        uncorrected = config.Ints("disable_corrector") ?? [];
        lowerOrderFinal = config.Flag("lower_order_final", true);
        usesFlow = config.Flag("use_flow_sigmas", false);
        outputs = new OutputHistory(order + 1);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Timesteps => timesteps;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Sigmas => sigmas;

    /// <inheritdoc/>
    public float InitNoiseSigma => 1;

    /// <inheritdoc/>
    public bool UsesPredictedVariance => false;

    /// <inheritdoc/>
    public void SetTimesteps(int stepCount, SamplingOptions? options = null)
    {
        (timesteps, sigmas) = UniPCTables.Compute(config, schedule, stepCount, options ?? new SamplingOptions());
        outputs.Clear();
    }

    /// <inheritdoc/>
    public void ScaleModelInput(ReadOnlySpan<float> sample, int stepIndex, Span<float> destination) =>
        sample.CopyTo(destination);

    /// <inheritdoc/>
    public bool NeedsNoise(int stepIndex) => false;

    /// <inheritdoc/>
    public void Step(
        ReadOnlySpan<float> modelOutput,
        int stepIndex,
        Span<float> sample,
        ReadOnlySpan<float> noise,
        int imageCount
    )
    {
        if (stepIndex == 0)
            outputs.Clear();
        if (converted.Length != sample.Length)
            (converted, lastSample) = (new float[sample.Length], new float[sample.Length]);
        Convert(modelOutput, stepIndex, sample, imageCount);
        if (stepIndex > 0 && !uncorrected.Contains(stepIndex - 1))
            Correct(stepIndex, sample);

        int earlier = Math.Min(outputs.Count, order);
        converted.CopyTo(outputs.Push(sample.Length));
        int planned = lowerOrderFinal ? Math.Min(order, timesteps.Length - stepIndex) : order;
        lastOrder = Math.Min(planned, earlier + 1);
        sample.CopyTo(lastSample);
        Predict(stepIndex, lastOrder, sample);
    }

    private void Convert(ReadOnlySpan<float> modelOutput, int stepIndex, ReadOnlySpan<float> sample, int imageCount)
    {
        NoisePoint point = At(stepIndex);
        if (!predictsSample)
        {
            ModelOutputs.ToNoise(prediction, point.Alpha, point.Sigma, sample, modelOutput, converted);
            return;
        }
        // A flow prediction uses the noise level itself, also when the path is not a straight flow.
        float sigma = prediction == PredictionType.Flow ? sigmas[stepIndex] : point.Sigma;
        ModelOutputs.ToSample(prediction, point.Alpha, sigma, sample, modelOutput, converted);
        clipping.Apply(converted, imageCount);
    }

    private void Predict(int stepIndex, int usedOrder, Span<float> sample)
    {
        Span<float> ratios = stackalloc float[LargestOrder];
        Span<float> moments = stackalloc float[LargestOrder];
        Span<float> weights = stackalloc float[LargestOrder];
        StepTerms terms = Terms(stepIndex, stepIndex + 1, usedOrder, ratios, moments);
        if (usedOrder == 2)
            weights[0] = 0.5f;
        else
            Solve(ratios, moments, usedOrder - 1, weights);

        ReadOnlySpan<float> newest = outputs[0];
        float newestScale = terms.OutputScale;
        for (int i = 1; i < usedOrder; i++)
            newestScale -= terms.DifferenceScale * weights[i - 1] / ratios[i - 1];
        ModelOutputs.LinearCombination(terms.SampleScale, sample, newestScale, newest, sample);
        for (int i = 1; i < usedOrder; i++)
            TensorPrimitives.MultiplyAdd(
                outputs[i],
                terms.DifferenceScale * weights[i - 1] / ratios[i - 1],
                sample,
                sample
            );
    }

    private void Correct(int stepIndex, Span<float> sample)
    {
        Span<float> ratios = stackalloc float[LargestOrder];
        Span<float> moments = stackalloc float[LargestOrder];
        Span<float> weights = stackalloc float[LargestOrder];
        StepTerms terms = Terms(stepIndex - 1, stepIndex, lastOrder, ratios, moments);
        if (lastOrder == 1)
            weights[0] = 0.5f;
        else
            Solve(ratios, moments, lastOrder, weights);

        float own = terms.DifferenceScale * weights[lastOrder - 1];
        float newestScale = terms.OutputScale - own;
        for (int i = 1; i < lastOrder; i++)
            newestScale -= terms.DifferenceScale * weights[i - 1] / ratios[i - 1];
        ModelOutputs.LinearCombination(terms.SampleScale, lastSample, newestScale, outputs[0], sample);
        for (int i = 1; i < lastOrder; i++)
            TensorPrimitives.MultiplyAdd(
                outputs[i],
                terms.DifferenceScale * weights[i - 1] / ratios[i - 1],
                sample,
                sample
            );
        TensorPrimitives.MultiplyAdd(converted, own, sample, sample);
    }

    // Writes the distances of earlier outputs in λ, relative to the step (the last is 1, the step's end), and the
    // right-hand side of the system.
    private StepTerms Terms(int fromIndex, int toIndex, int usedOrder, Span<float> ratios, Span<float> moments)
    {
        NoisePoint source = At(fromIndex),
            target = At(toIndex);
        float h = target.Lambda - source.Lambda;
        for (int i = 1; i < usedOrder; i++)
            ratios[i - 1] = (At(fromIndex - i).Lambda - source.Lambda) / h;
        ratios[usedOrder - 1] = 1;

        float signed = predictsSample ? -h : h;
        float growth = ExpMinusOne(signed);
        float scale = isFirstVariant ? signed : growth;
        float phi = (growth / signed) - 1;
        float factorial = 1;
        for (int i = 1; i <= usedOrder; i++)
        {
            moments[i - 1] = phi * factorial / scale;
            factorial *= i + 1;
            phi = (phi / signed) - (1 / factorial);
        }
        return predictsSample
            ? new StepTerms(target.Sigma / source.Sigma, -(target.Alpha * growth), -(target.Alpha * scale))
            : new StepTerms(target.Alpha / source.Alpha, -(target.Sigma * growth), -(target.Sigma * scale));
    }

    // Σₖ ratioₖ^i · weightₖ = momentᵢ for i = 0 … size − 1, by elimination with pivoting.
    private static void Solve(ReadOnlySpan<float> ratios, ReadOnlySpan<float> moments, int size, Span<float> weights)
    {
        Span<double> system = stackalloc double[LargestOrder * (LargestOrder + 1)];
        int width = size + 1;
        for (int row = 0; row < size; row++)
        {
            for (int column = 0; column < size; column++)
                system[(row * width) + column] = Math.Pow(ratios[column], row);
            system[(row * width) + size] = moments[row];
        }
        for (int pivot = 0; pivot < size; pivot++)
        {
            int best = pivot;
            for (int row = pivot + 1; row < size; row++)
            {
                if (Math.Abs(system[(row * width) + pivot]) > Math.Abs(system[(best * width) + pivot]))
                    best = row;
            }
            for (int column = 0; column < width; column++)
            {
                (system[(pivot * width) + column], system[(best * width) + column]) = (
                    system[(best * width) + column],
                    system[(pivot * width) + column]
                );
            }
            for (int row = 0; row < size; row++)
            {
                if (row == pivot)
                    continue;
                double factor = system[(row * width) + pivot] / system[(pivot * width) + pivot];
                for (int column = pivot; column < width; column++)
                    system[(row * width) + column] -= factor * system[(pivot * width) + column];
            }
        }
        for (int row = 0; row < size; row++)
            weights[row] = (float)(system[(row * width) + size] / system[(row * width) + row]);
    }

    private static float ExpMinusOne(float x)
    {
        // Kahan's formula keeps the digits of a small x.
        double exponential = Math.Exp(x);
        return exponential == 1 ? x
            : exponential - 1 == -1 ? -1
            : double.IsInfinity(exponential) ? float.PositiveInfinity
            : (float)((exponential - 1) * x / Math.Log(exponential));
    }

    private NoisePoint At(int index) => NoisePoint.From(sigmas[index], usesFlow);

    // Factors of the sample, the newest output and the weighted differences.
    private readonly record struct StepTerms(float SampleScale, float OutputScale, float DifferenceScale);
}
