using System.Numerics.Tensors;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>
/// Pseudo numerical methods for diffusion models (Liu et al., ICLR 2022): a linear multistep method (PLMS), started by
/// Runge–Kutta steps or, with <c>skip_prk_steps</c>, by one step that is repeated with a corrected output, for which
/// the second timestep is visited twice.
/// </summary>
internal sealed class PndmScheduler : IScheduler
{
    private const int RungeKuttaSteps = 4;
    private const int CallsPerStep = 4;
    private const int HistoryLength = 4;

    private readonly ComponentConfig config;
    private readonly NoiseSchedule schedule;
    private readonly PredictionType prediction;
    private readonly float finalAlphaProduct;
    private readonly OutputHistory outputs = new(HistoryLength);
    private float[] timesteps = [];
    private float[] held = [];
    private float[] blended = [];
    private int rungeKuttaCalls;
    private int stride;

    /// <summary>Builds the scheduler from a <c>scheduler_config.json</c>.</summary>
    /// <exception cref="Q2Exception">A key has a value that is not supported.</exception>
    public PndmScheduler(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        this.config = config;
        schedule = NoiseSchedule.From(config, keepsLastPositive: false);
        prediction = ModelOutputs.Type(config);
        if (prediction == PredictionType.Sample)
            throw config.Unsupported("prediction_type", "epsilon and v_prediction are");
        finalAlphaProduct = config.Flag("set_alpha_to_one", false) ? 1f : schedule.AlphaProducts[0];
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Timesteps => timesteps;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Sigmas => [];

    /// <inheritdoc/>
    public float InitNoiseSigma => 1;

    /// <inheritdoc/>
    public bool UsesPredictedVariance => false;

    /// <inheritdoc/>
    public void SetTimesteps(int stepCount, SamplingOptions? options = null)
    {
        if (options is not null)
            SchedulerCatalog.RefuseCustom(options, "PNDMScheduler");
        double[] spaced = TimestepSpacing.Integers(config, "leading", schedule.TimestepCount, stepCount);
        stride = schedule.TimestepCount / stepCount;
        if (config.Flag("skip_prk_steps", false))
        {
            rungeKuttaCalls = 0;
            timesteps = TimestepSpacing.ToSingle(spaced.Length > 1 ? spaced.Take(2).Concat(spaced.Skip(1)) : spaced);
        }
        else
        {
            if (stepCount < RungeKuttaSteps)
                throw new SchedulerException(
                    $"{config.Source}: {stepCount} steps; the Runge–Kutta start needs at least {RungeKuttaSteps} (or set skip_prk_steps)."
                );
            double[] start = RungeKuttaTimesteps(spaced);
            rungeKuttaCalls = start.Length;
            timesteps = TimestepSpacing.ToSingle(start.Concat(spaced.Skip(RungeKuttaSteps - 1)));
        }
        schedule.RequireAnySignal(timesteps, config);
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
        if (blended.Length != sample.Length)
            (held, blended) = (new float[sample.Length], new float[sample.Length]);
        if (stepIndex == 0)
            outputs.Clear();
        if (stepIndex < rungeKuttaCalls)
            StepRungeKutta(modelOutput, stepIndex, sample);
        else
            StepMultistep(modelOutput, stepIndex, sample);
    }

    // Three steps of four calls each: at the start, twice in the middle, at the end.
    private double[] RungeKuttaTimesteps(double[] spaced)
    {
        var calls = new List<double>();
        for (int step = 0; step < RungeKuttaSteps - 1; step++)
        {
            double middle = spaced[step + 1] + (stride / 2);
            calls.AddRange([spaced[step], middle, middle, spaced[step + 1]]);
        }
        return [.. calls];
    }

    private void StepRungeKutta(ReadOnlySpan<float> modelOutput, int stepIndex, Span<float> sample)
    {
        int call = stepIndex % CallsPerStep;
        int start = (int)timesteps[stepIndex - call];
        int target = (int)timesteps[stepIndex] - (call % 2 == 0 ? stride / 2 : 0);
        if (call == 0)
        {
            modelOutput.CopyTo(outputs.Push(sample.Length));
            sample.CopyTo(held);
            Array.Clear(blended);
        }
        TensorPrimitives.MultiplyAdd(modelOutput, call is 0 or CallsPerStep - 1 ? 1 / 6f : 1 / 3f, blended, blended);
        held.CopyTo(sample);
        Transfer(start, target, call == CallsPerStep - 1 ? blended : modelOutput, sample);
    }

    private void StepMultistep(ReadOnlySpan<float> modelOutput, int stepIndex, Span<float> sample)
    {
        int start = (int)timesteps[stepIndex];
        int target = start - stride;
        bool isCorrection = rungeKuttaCalls == 0 && stepIndex == 1;
        if (isCorrection)
        {
            // The first step is repeated with the mean of both outputs.
            (start, target) = (start + stride, start);
            TensorPrimitives.Add(modelOutput, outputs[0], blended);
            TensorPrimitives.Divide(blended, 2, blended);
            held.CopyTo(sample);
        }
        else
        {
            modelOutput.CopyTo(outputs.Push(sample.Length));
            if (stepIndex == 0)
                sample.CopyTo(held);
            Extrapolate();
        }
        Transfer(start, target, blended, sample);
    }

    // Adams–Bashforth weights of order 1 to 4 (equation 12 of the paper has the last).
    private void Extrapolate()
    {
        ReadOnlySpan<float> weights = outputs.Count switch
        {
            1 => [1f],
            2 => [3f / 2, -1f / 2],
            3 => [23f / 12, -16f / 12, 5f / 12],
            _ => [55f / 24, -59f / 24, 37f / 24, -9f / 24],
        };
        TensorPrimitives.Multiply(outputs[0], weights[0], blended);
        for (int i = 1; i < weights.Length; i++)
            TensorPrimitives.MultiplyAdd(outputs[i], weights[i], blended, blended);
    }

    // Equation 9: moves the sample from one timestep to another with a constant output.
    private void Transfer(int start, int target, ReadOnlySpan<float> output, Span<float> sample)
    {
        float product = schedule.AlphaProductAt(start);
        float next = target >= 0 ? schedule.AlphaProductAt(target) : finalAlphaProduct;
        float sampleScale = MathF.Sqrt(next / product);
        float denominator = (product * MathF.Sqrt(1 - next)) + MathF.Sqrt(product * (1 - product) * next);
        float outputScale = -(next - product) / denominator;
        if (prediction == PredictionType.Velocity)
        {
            // ε = sqrt(ᾱ)·v + sqrt(1 − ᾱ)·x
            sampleScale += outputScale * MathF.Sqrt(1 - product);
            outputScale *= MathF.Sqrt(product);
        }
        ModelOutputs.LinearCombination(sampleScale, sample, outputScale, output, sample);
    }
}
