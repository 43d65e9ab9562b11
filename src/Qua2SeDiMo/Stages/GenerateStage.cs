using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Images;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;

namespace Qua2SeDiMo.Stages;

/// <summary>Options of image generation.</summary>
/// <param name="Prompts">One prompt per image; class numbers for class-conditional models.</param>
/// <param name="Request">Steps, guidance, size, batch.</param>
/// <param name="Seed">Image i starts from the noise of this seed + i, modulo 2^64.</param>
/// <param name="WithSheet">Whether to write a contact sheet of all images as well.</param>
public sealed record GenerateOptions(
    IReadOnlyList<string> Prompts,
    GenerationRequest Request,
    ulong Seed,
    bool WithSheet = false
)
{
    /// <summary>Value of <see cref="ActivationBits"/> that turns off quantized activations even if a packed model
    /// states bits.</summary>
    public const int UnroundedBits = 16;

    /// <summary>Bits of quantized activations, 2 to 8, at the input of every weight operator, in each step; null uses
    /// the bits that a packed model states, if any.</summary>
    public int? ActivationBits { get; init; }

    /// <summary>Bits of layers' inputs that belong to the allocation; null if it has none. <see cref="ActivationBits"/>
    /// overrides them.</summary>
    internal ActivationAllocation? Activations { get; init; }

    /// <summary>Source of the allocation, recorded in the images; null if unknown.</summary>
    public JsonObject? AllocationOrigin { get; init; }

    /// <summary>How the denoiser multiplies by quantized weights.</summary>
    public WeightExecution Execution { get; init; } = WeightExecution.Unpacked;
}

/// <summary>Result of image generation.</summary>
/// <param name="Images">The written images, in the order of the prompts.</param>
/// <param name="Sheet">Path of the contact sheet; null if none was requested.</param>
/// <param name="Height">Height of an image in pixels.</param>
/// <param name="Width">Width of an image in pixels.</param>
/// <param name="Seconds">Wall time in seconds, loading included.</param>
public sealed record GenerateResult(
    IReadOnlyList<GeneratedImage> Images,
    string? Sheet,
    int Height,
    int Width,
    double Seconds
)
{
    /// <summary>Prompts that were truncated because text encoders do not accept their length.</summary>
    public IReadOnlyList<CutText> Cut { get; init; } = [];
}

/// <summary>Generates images as PNG files from a model folder, a packed model, or a model with fake-quantized
/// weights.</summary>
public static class GenerateStage
{
    private const int SlugLength = 48;

    /// <summary>
    /// Generates the images and writes one file per prompt, batch by batch, so that a cancelled call keeps the finished
    /// batches. Files get the next free numbers in the folder; each records how it was made.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="destination">Folder for the files; created if missing.</param>
    /// <param name="options">Prompts, request, seed and execution.</param>
    /// <param name="quantized">Allocation to apply, and the bank with its weights; null for the weights as
    /// stored.</param>
    /// <param name="progress">Receives the progress of every step.</param>
    /// <param name="cancellationToken">Checked before every step.</param>
    /// <exception cref="Q2Exception">The model does not support the request, or an allocation is given for a packed
    /// model.</exception>
    public static GenerateResult Run(
        OpenModel model,
        string destination,
        GenerateOptions options,
        (BitAllocation Allocation, QuantizerBank Bank)? quantized = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        if (quantized is not null && PackedModelReader.IsPacked(model.Folder.Denoiser.DirectoryPath))
        {
            throw new GenerationException(
                $"{model.Folder.DirectoryPath}: a packed model is quantized already. An allocation needs the original model."
            );
        }
        Preflight.Generate(model, destination, options);
        long start = Stopwatch.GetTimestamp();
        var folder = new PictureFolder(destination);
        // Single-precision weights are bound in any case, quantized or not, so that equal values take the same path
        // through ONNX Runtime and give equal pixels.
        PaletteSource? codes = Codes(model, options, quantized);
        using WeightBinding? binding = codes is null ? model.CreateBinding() : null;
        if (binding is not null && quantized is { } choice)
            OpenModel.Apply(choice.Allocation, binding, choice.Bank);
        using var pipeline = new DiffusionPipeline(
            model.Parts(new InferenceOptions(), Rounded(model, options), codes),
            model.Tensors,
            binding
        );
        GenerationRequest request = options.Request;
        EncodedPrompts encoded = pipeline.Encode(options.Prompts, request);
        var text = new PictureText(
            model,
            request,
            quantized?.Allocation,
            options.AllocationOrigin,
            Rounded(model, options),
            options.Execution,
            progress,
            cancellationToken
        );
        var pictures = new Pictures(folder, text, options);
        foreach (string[] prompts in options.Prompts.Chunk(request.BatchSize))
        {
            int done = pictures.Count;
            var share = new Relay<StageProgress>(step =>
                progress?.Report(step with { Done = done + step.Done, Total = options.Prompts.Count })
            );
            var noise = new SeededNoise([.. prompts.Select((_, i) => pictures.SeedOf(done + i))]);
            ImageBatch batch = pipeline.Generate(
                encoded.Slice(done, prompts.Length),
                noise,
                request,
                share,
                cancellationToken
            );
            pictures.Add(prompts, batch);
        }
        string? sheet = pictures.AddSheet();
        return new GenerateResult(
            pictures.Images,
            sheet,
            pictures.Height,
            pictures.Width,
            Stopwatch.GetElapsedTime(start).TotalSeconds
        );
    }

    // The codes for packed execution; null when the weights are in single precision.
    private static PaletteSource? Codes(
        OpenModel model,
        GenerateOptions options,
        (BitAllocation Allocation, QuantizerBank Bank)? quantized
    )
    {
        if (options.Execution == WeightExecution.Unpacked)
            return null;
        PaletteSource? codes = quantized is { } choice ? PaletteSource.Of(choice.Bank, choice.Allocation) : model.Codes;
        return codes
            ?? throw new GenerationException(
                $"{model.Folder.DirectoryPath}: the weights are not quantized, so there is nothing packed to "
                    + "execute; give a packed model or an allocation."
            );
    }

    private static ActivationAllocation Rounded(OpenModel model, GenerateOptions options) =>
        options.ActivationBits switch
        {
            null => options.Activations ?? model.Activations,
            GenerateOptions.UnroundedBits => ActivationAllocation.None,
            { } bits => ActivationAllocation.Everywhere(bits),
        };

    /// <summary>A prompt as part of a file name: letters and digits in lower case, other characters as single hyphens,
    /// at most 48 characters.</summary>
    internal static string Slug(string prompt)
    {
        var slug = new StringBuilder();
        foreach (char letter in prompt.ToLowerInvariant())
        {
            if (slug.Length >= SlugLength)
                break;
            if (char.IsLetterOrDigit(letter))
                slug.Append(letter);
            else if (slug.Length > 0 && slug[^1] != '-')
                slug.Append('-');
        }
        string text = slug.ToString().TrimEnd('-');
        return text.Length == 0 ? "image" : text;
    }

    // Writes the image files of one call.
    private sealed class Pictures(PictureFolder folder, PictureText text, GenerateOptions options)
    {
        private readonly List<GeneratedImage> images = [];

        // All batches for the contact sheet; otherwise only the first, for the image size.
        private readonly List<ImageBatch> batches = [];

        public IReadOnlyList<GeneratedImage> Images => images;

        public int Count => images.Count;

        public int Height => batches[0].Height;

        public int Width => batches[0].Width;

        public ulong SeedOf(int image) => options.Seed + (ulong)image;

        public void Add(string[] prompts, ImageBatch batch)
        {
            for (int i = 0; i < prompts.Length; i++)
            {
                int number = images.Count;
                ulong seed = SeedOf(number);
                byte[] png = PngFile.Encode(batch.Image(i), batch.Height, batch.Width);
                byte[] labelled = text.Label(number, prompts[i], seed, png, batch.Height, batch.Width);
                images.Add(new GeneratedImage(folder.Add(Slug(prompts[i]), labelled), prompts[i], seed));
            }
            if (options.WithSheet || batches.Count == 0)
                batches.Add(batch);
        }

        public string? AddSheet()
        {
            if (!options.WithSheet)
                return null;
            float[] pixels = [.. batches.SelectMany(batch => batch.Pixels)];
            int columns = (int)Math.Ceiling(Math.Sqrt(Count));
            byte[] sheet = PngFile.EncodeSheet(pixels, Count, Height, Width, columns);
            return folder.AddSheet(text.LabelSheet(images, sheet, Height, Width));
        }
    }
}
