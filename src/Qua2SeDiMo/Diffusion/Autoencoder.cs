using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Known;

namespace Qua2SeDiMo.Diffusion;

/// <summary>The decoder of a pipeline's autoencoder: turns latents into pixels.</summary>
internal sealed class Autoencoder : IDisposable
{
    private const string Component = "vae";

    // Pixels decoded in one call: decoding a large image takes gigabytes, so large images are decoded one at a time.
    private const int PixelsAtOnce = 1 << 20;
    private const int MaxLevels = 10;
    private const string NormalisesChannels = "StableDiffusionXLPipeline";

    // Pipelines of diffusers that only divide latents by scaling_factor and ignore shift, means and deviations in the
    // configuration.
    private static readonly string[] ScaleOnly =
    [
        "DiTPipeline",
        "HunyuanDiTPipeline",
        "PixArtAlphaPipeline",
        "PixArtSigmaPipeline",
        "StableDiffusionPipeline",
    ];
    private static readonly string[] UsedBySome = ["shift_factor", "latents_mean", "latents_std"];

    private readonly ComponentConfig config;
    private readonly ITensorSource tensors;
    private readonly InferenceOptions options;
    private readonly float scalingFactor;
    private readonly float shiftFactor;
    private readonly double[]? means;
    private readonly double[]? deviations;
    private (int Height, int Width, InferenceModel Model)? decoder;

    internal Autoencoder(PipelineParts parts)
    {
        ModelComponent component = parts.Folder.Component(Component);
        config = component.ReadConfig();
        options = parts.Inference;
        string pipeline = parts.Folder.PipelineClass;
        scalingFactor = (float)
            config.Number("scaling_factor", (double?)KnownConfigs.Find(config)?.Default("scaling_factor") ?? 1);
        shiftFactor =
            ScaleOnly.Contains(pipeline) || pipeline == NormalisesChannels
                ? 0
                : (float)config.Number("shift_factor", 0);
        (means, deviations) = ScaleOnly.Contains(pipeline)
            ? (null, null)
            : (PerChannel("latents_mean"), PerChannel("latents_std"));
        string[] unused = [.. UsedBySome.Where(key => ScaleOnly.Contains(pipeline) && IsSet(config[key]))];
        if (unused.Length > 0)
            component.Notes.Add(
                $"{config.Source}: {string.Join(", ", unused.Select(key => $"'{key}'"))} is not used: {pipeline} "
                    + "of diffusers divides latents by scaling_factor and does nothing else."
            );
        tensors = parts.OpenTensors(component);
    }

    /// <summary>Pixels per latent, along each axis.</summary>
    internal int ScaleFactor
    {
        get
        {
            // Both classes halve the image between two levels; AutoencoderTiny lists the levels separately for encoder
            // and decoder.
            string key = config.ClassName == "AutoencoderTiny" ? "decoder_block_out_channels" : "block_out_channels";
            int levels = config.Ints(key)?.Length ?? KnownConfigs.Find(config)?.Default(key)?.AsArray().Count ?? 1;
            return levels is >= 1 and <= MaxLevels
                ? 1 << (levels - 1)
                : throw config.Unsupported(key, $"1 to {MaxLevels} levels are possible");
        }
    }

    /// <summary>Decodes latents that the denoising loop returns.</summary>
    /// <param name="latents">[images, channels, height, width].</param>
    /// <param name="shape">Extents of <paramref name="latents"/>.</param>
    internal ImageBatch Decode(ReadOnlySpan<float> latents, LatentShape shape)
    {
        float[] input = Unscale(latents, shape);
        InferenceModel model = DecoderFor(shape);
        int images = shape.Count(latents.Length),
            height = shape.Height * ScaleFactor,
            width = shape.Width * ScaleFactor;
        int atOnce = Math.Clamp(PixelsAtOnce / (height * width), 1, images);
        float[] pixels = new float[images * height * width * 3];
        for (int start = 0; start < images; start += atOnce)
        {
            int count = Math.Min(atOnce, images - start);
            // Checked before pixels are clamped to [0, 1], which hides infinities.
            TensorValue decoded = model
                .RunFinite(
                    new Dictionary<string, TensorValue>
                    {
                        ["latent"] = TensorValue.Of(
                            input[(start * shape.Length)..((start + count) * shape.Length)],
                            count,
                            shape.Channels,
                            shape.Height,
                            shape.Width
                        ),
                    },
                    $"{Component} (decoder)"
                )
                .Values.Single();
            WritePixels(decoded, pixels.AsSpan(start * height * width * 3));
        }
        return new ImageBatch(height, width, pixels);
    }

    /// <summary>Checks that the decoder can decode such latents; reads only configurations and tensor
    /// headers.</summary>
    /// <exception cref="Q2Exception">The decoder's class is not supported, or a tensor is missing.</exception>
    internal void Check(LatentShape shape) => Graph(shape);

    public void Dispose()
    {
        decoder?.Model.Dispose();
        tensors.Dispose();
    }

    private static bool IsSet(ForeignValue value) => !value.IsNull && !(value.IsNumber && value.Number() == 0);

    private double[]? PerChannel(string key)
    {
        if (config.Numbers(key) is not { } values)
            return null;
        int channels = config.Int("latent_channels", values.Length);
        return values.Length == channels
            ? values
            : throw config.Unsupported(key, $"one number for each of the {channels} latent channels is");
    }

    /// <summary>Derivative of the decoder's input by a latent of the given channel.</summary>
    internal float Slope(int channel) =>
        means is not null && deviations is not null ? (float)deviations[channel] / scalingFactor : 1 / scalingFactor;

    /// <summary>The decoder's checkpoint.</summary>
    internal ITensorSource Tensors => tensors;

    // Undoes the normalisation of latents: one scale and shift, or the mean and deviation of each channel when the
    // configuration lists both.
    internal float[] Unscale(ReadOnlySpan<float> latents, LatentShape shape)
    {
        float[] result = new float[latents.Length];
        bool isPerChannel = means is not null && deviations is not null;
        for (int i = 0; i < result.Length; i++)
        {
            int channel = i / (shape.Height * shape.Width) % shape.Channels;
            result[i] = isPerChannel
                ? (latents[i] * (float)deviations![channel] / scalingFactor) + (float)means![channel]
                : (latents[i] / scalingFactor) + shiftFactor;
        }
        return result;
    }

    /// <summary>The decoder's graph for latents of this shape.</summary>
    internal Graph Graph(LatentShape shape) =>
        ArchitectureCatalog.Build(
            new BuildRequest(config, tensors)
            {
                Part = GraphPart.Decode,
                Height = shape.Height,
                Width = shape.Width,
            }
        );

    private InferenceModel DecoderFor(LatentShape shape)
    {
        if (decoder is { } known && known.Height == shape.Height && known.Width == shape.Width)
            return known.Model;
        decoder?.Model.Dispose();
        var model = new InferenceModel(Graph(shape), tensors, options);
        decoder = (shape.Height, shape.Width, model);
        return model;
    }

    // Converts [images, 3, height, width] in about [-1, 1] to [images, height, width, 3], clamped to [0, 1].
    private static void WritePixels(TensorValue decoded, Span<float> pixels)
    {
        int images = (int)decoded.Shape[0],
            plane = (int)(decoded.Shape[2] * decoded.Shape[3]);
        for (int image = 0; image < images; image++)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                ReadOnlySpan<float> from = decoded.Singles.AsSpan(((image * 3) + channel) * plane, plane);
                Span<float> to = pixels[(image * 3 * plane)..];
                for (int i = 0; i < plane; i++)
                    to[(i * 3) + channel] = Math.Clamp((from[i] / 2) + 0.5f, 0f, 1f);
            }
        }
    }
}
