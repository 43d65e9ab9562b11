using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;

namespace Qua2SeDiMo.Measurement;

/// <summary>Reverse pass of the decoder: pulls cotangents of decoded images, y = decode(latents) / 2 + ½ before
/// clamping to [0, 1], back to the latents.</summary>
internal sealed class DecoderPass : IDisposable
{
    private readonly Autoencoder autoencoder;
    private readonly LatentShape shape;
    private readonly Graph graph;
    private readonly WeightBinding binding;
    private readonly ReversePass pass;

    internal DecoderPass(Autoencoder autoencoder, LatentShape shape, long activationBytes)
    {
        (this.autoencoder, this.shape) = (autoencoder, shape);
        graph = autoencoder.Graph(shape);
        binding = new WeightBinding(graph.Weights, autoencoder.Tensors);
        pass = new ReversePass(
            graph,
            autoencoder.Tensors,
            binding,
            [graph.Outputs[0].Name],
            new ReverseOptions
            {
                Inputs = [graph.Inputs[0].Name],
                Weights = [],
                ActivationBytes = activationBytes,
            }
        );
    }

    /// <summary>Gradient of the latents. Images are processed one by one, because decoders of large images need much
    /// memory.</summary>
    /// <param name="latents">Final latents of the sampler, [images, channels, height, width].</param>
    /// <param name="cotangents">Cotangents of the images, [images, 3, height, width].</param>
    internal float[] Pull(float[] latents, float[] cotangents)
    {
        float[] unscaled = autoencoder.Unscale(latents, shape),
            gradient = new float[latents.Length];
        int images = shape.Count(latents.Length),
            perImage = cotangents.Length / images,
            scale = autoencoder.ScaleFactor;
        for (int image = 0; image < images; image++)
        {
            float[] cotangent = [.. cotangents.AsSpan(image * perImage, perImage).ToArray().Select(value => value / 2)];
            IReadOnlyDictionary<string, TensorValue> pulled = pass.Run(
                new Dictionary<string, TensorValue>(StringComparer.Ordinal)
                {
                    [graph.Inputs[0].Name] = TensorValue.Of(
                        unscaled[(image * shape.Length)..((image + 1) * shape.Length)],
                        1,
                        shape.Channels,
                        shape.Height,
                        shape.Width
                    ),
                },
                new Dictionary<string, TensorValue>(StringComparer.Ordinal)
                {
                    [graph.Outputs[0].Name] = TensorValue.Of(
                        cotangent,
                        1,
                        3,
                        shape.Height * scale,
                        shape.Width * scale
                    ),
                }
            );
            pulled[graph.Inputs[0].Name].Singles.CopyTo(gradient, image * shape.Length);
        }
        for (int i = 0; i < gradient.Length; i++)
            gradient[i] *= autoencoder.Slope(i / (shape.Height * shape.Width) % shape.Channels);
        return gradient;
    }

    public void Dispose()
    {
        pass.Dispose();
        binding.Dispose();
    }
}
