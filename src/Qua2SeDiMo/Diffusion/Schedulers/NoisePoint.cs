namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>A noise level as α, σ and λ = log α − log σ of x = α·x₀ + σ·ε, in single precision as in
/// diffusers.</summary>
internal readonly record struct NoisePoint(float Alpha, float Sigma, float Lambda)
{
    /// <summary>Computes α and σ of a noise level: σ/α of a variance-preserving process, or σ of a straight flow, where
    /// α = 1 − σ.</summary>
    public static NoisePoint From(float level, bool isFlow)
    {
        float alpha = isFlow ? 1 - level : 1 / MathF.Sqrt((level * level) + 1);
        float sigma = isFlow ? level : level * alpha;
        return new NoisePoint(alpha, sigma, MathF.Log(alpha) - MathF.Log(sigma));
    }
}
