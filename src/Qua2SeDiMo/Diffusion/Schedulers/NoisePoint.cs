namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>A noise level as α, σ and λ = log α − log σ of x = α·x₀ + σ·ε; single precision, as the reference computes
/// it.</summary>
internal readonly record struct NoisePoint(float Alpha, float Sigma, float Lambda)
{
    /// <summary>Splits a noise level: variance preserving (σ/α given), or a straight flow (σ given, α = 1 −
    /// σ).</summary>
    public static NoisePoint From(float level, bool isFlow)
    {
        float alpha = isFlow ? 1 - level : 1 / MathF.Sqrt((level * level) + 1);
        float sigma = isFlow ? level : level * alpha;
        return new NoisePoint(alpha, sigma, MathF.Log(alpha) - MathF.Log(sigma));
    }
}
