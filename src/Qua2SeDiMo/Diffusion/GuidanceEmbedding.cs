using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// The guidance scale as an input of a U-Net that was distilled to one pass per step (Meng et al., "On Distillation of
/// Guided Diffusion Models", CVPR 2023; latent consistency models): a sinusoidal embedding of the scale minus 1, as
/// get_guidance_scale_embedding of diffusers computes it.
/// </summary>
internal sealed class GuidanceEmbedding
{
    /// <summary>Name of the U-Net's input.</summary>
    internal const string Input = "timestep_cond";

    private const float Magnification = 1000;
    private const float LongestPeriod = 10000;

    private readonly int width;

    private GuidanceEmbedding(int width) => this.width = width;

    /// <summary>The embedding for a U-Net with the configuration key time_cond_proj_dim; null for one
    /// without.</summary>
    internal static GuidanceEmbedding? Of(ComponentConfig denoiser) =>
        denoiser.IntOrNull("time_cond_proj_dim") is not { } width ? null
        : width >= 4 ? new GuidanceEmbedding(width)
        : throw denoiser.Unsupported("time_cond_proj_dim", "a sinusoid of at least 4 numbers is");

    /// <summary>The embedding as [texts, width], with equal rows [sin | cos]; an odd width ends in a zero.</summary>
    internal TensorValue Rows(int texts, double guidanceScale)
    {
        int half = width / 2;
        float[] row = new float[width];
        float scale = (float)(guidanceScale - 1) * Magnification,
            step = MathF.Log(LongestPeriod) / (half - 1);
        for (int i = 0; i < half; i++)
        {
            float angle = scale * MathF.Exp(i * -step);
            (row[i], row[half + i]) = (MathF.Sin(angle), MathF.Cos(angle));
        }
        return TensorRows.Repeat(texts, row);
    }
}
