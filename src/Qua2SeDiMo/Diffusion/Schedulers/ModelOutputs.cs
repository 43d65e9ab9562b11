using System.Numerics.Tensors;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>Quantity that a denoiser was trained to predict.</summary>
internal enum PredictionType
{
    /// <summary>The noise ε.</summary>
    Epsilon,

    /// <summary>The clean sample x₀.</summary>
    Sample,

    /// <summary>v = α·ε − σ·x₀ (Salimans and Ho, ICLR 2022).</summary>
    Velocity,

    /// <summary>The flow ε − x₀ of a straight path x = (1 − σ)·x₀ + σ·ε.</summary>
    Flow,
}

/// <summary>Conversions of a denoiser's output, where x = α·x₀ + σ·ε.</summary>
internal static class ModelOutputs
{
    /// <summary>Reads <c>prediction_type</c> of a scheduler configuration.</summary>
    public static PredictionType Type(
        ComponentConfig config,
        string defaultType = "epsilon",
        bool allowsFlow = false
    ) =>
        config.Text("prediction_type", defaultType) switch
        {
            "epsilon" => PredictionType.Epsilon,
            "sample" or "original_sample" => PredictionType.Sample,
            "v_prediction" => PredictionType.Velocity,
            "flow_prediction" when allowsFlow => PredictionType.Flow,
            _ => throw config.Unsupported(
                "prediction_type",
                allowsFlow
                    ? "epsilon, sample, v_prediction and flow_prediction are"
                    : "epsilon, sample and v_prediction are"
            ),
        };

    /// <summary>Converts a model output to x₀.</summary>
    public static void ToSample(
        PredictionType type,
        float alpha,
        float sigma,
        ReadOnlySpan<float> sample,
        ReadOnlySpan<float> output,
        Span<float> destination
    )
    {
        switch (type)
        {
            case PredictionType.Epsilon:
                TensorPrimitives.MultiplyAdd(output, -sigma, sample, destination);
                TensorPrimitives.Divide(destination, alpha, destination);
                break;
            case PredictionType.Sample:
                output.CopyTo(destination);
                break;
            case PredictionType.Velocity:
                LinearCombination(alpha, sample, -sigma, output, destination);
                break;
            default:
                TensorPrimitives.MultiplyAdd(output, -sigma, sample, destination);
                break;
        }
    }

    /// <summary>Converts a model output to ε.</summary>
    public static void ToNoise(
        PredictionType type,
        float alpha,
        float sigma,
        ReadOnlySpan<float> sample,
        ReadOnlySpan<float> output,
        Span<float> destination
    )
    {
        switch (type)
        {
            case PredictionType.Epsilon:
                output.CopyTo(destination);
                break;
            case PredictionType.Sample:
                NoiseOf(alpha, sigma, sample, output, destination);
                break;
            case PredictionType.Velocity:
                LinearCombination(alpha, output, sigma, sample, destination);
                break;
            default:
                TensorPrimitives.MultiplyAdd(output, alpha, sample, destination);
                break;
        }
    }

    /// <summary>Writes ε = (x − α·x₀)/σ.</summary>
    public static void NoiseOf(
        float alpha,
        float sigma,
        ReadOnlySpan<float> sample,
        ReadOnlySpan<float> clean,
        Span<float> destination
    )
    {
        TensorPrimitives.MultiplyAdd(clean, -alpha, sample, destination);
        TensorPrimitives.Divide(destination, sigma, destination);
    }

    /// <summary>Writes a·x + b·y; the destination may be x but not y.</summary>
    public static void LinearCombination(
        float a,
        ReadOnlySpan<float> x,
        float b,
        ReadOnlySpan<float> y,
        Span<float> destination
    )
    {
        TensorPrimitives.Multiply(x, a, destination);
        TensorPrimitives.MultiplyAdd(y, b, destination, destination);
    }
}
