using Qua2SeDiMo.Inference;

namespace Qua2SeDiMo.Diffusion;

/// <summary>Classifier-free guidance (Ho and Salimans, 2022): combines the two halves of a call into one
/// prediction.</summary>
internal static class Guidance
{
    /// <summary>
    /// Combines the halves: u + scale · (c − u). Some denoisers also predict a variance, in further channels: it is
    /// dropped, or taken from the conditional half when the output has room for it.
    /// </summary>
    /// <param name="predicted">Output of a call, with one row per image and half.</param>
    /// <param name="images">Number of images of the call.</param>
    /// <param name="isGuided">Whether there are two halves.</param>
    /// <param name="scale">Guidance scale.</param>
    /// <param name="family">Determines the order of the halves, and whether latents are packed.</param>
    /// <param name="shape">Shape of one image's latents.</param>
    /// <param name="output">Receives [images, channels (and variances), height, width].</param>
    /// <exception cref="GenerationException">The output has room for a variance, and the denoiser predicts
    /// none.</exception>
    internal static void Combine(
        TensorValue predicted,
        int images,
        bool isGuided,
        float scale,
        IPipelineFamily family,
        LatentShape shape,
        float[] output
    )
    {
        int rowLength = predicted.Singles.Length / (int)predicted.Shape[0];
        int stride = output.Length / images;
        if (rowLength < stride)
            throw new GenerationException(
                $"The scheduler takes a variance from the denoiser, which predicts none: {rowLength} values for {shape.Length} latents."
            );
        int unconditionalStart = family.ConditionalFirst ? images : 0,
            conditionalStart = isGuided && !family.ConditionalFirst ? images : 0;
        for (int image = 0; image < images; image++)
        {
            Span<float> target = output.AsSpan(image * stride, stride);
            ReadOnlySpan<float> conditional = predicted.Singles.AsSpan((conditionalStart + image) * rowLength, stride);
            if (isGuided)
            {
                ReadOnlySpan<float> unconditional = predicted.Singles.AsSpan(
                    (unconditionalStart + image) * rowLength,
                    shape.Length
                );
                for (int i = 0; i < shape.Length; i++)
                    target[i] = unconditional[i] + (scale * (conditional[i] - unconditional[i]));
                conditional[shape.Length..].CopyTo(target[shape.Length..]);
            }
            else if (family.PacksLatents)
            {
                LatentPacking.Unpack(conditional, shape, target);
            }
            else
            {
                conditional.CopyTo(target);
            }
        }
    }
}
