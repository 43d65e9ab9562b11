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

/// <summary>What to generate.</summary>
/// <param name="Prompts">One image each; class numbers for models without text.</param>
/// <param name="Request">Steps, guidance, size, batch.</param>
/// <param name="Seed">Image i starts from the noise of this seed + i, modulo 2^64.</param>
/// <param name="WithSheet">Whether all images are also put on one contact sheet.</param>
public sealed record GenerateOptions(
    IReadOnlyList<string> Prompts,
    GenerationRequest Request,
    ulong Seed,
    bool WithSheet = false
)
{
    /// <summary>What <see cref="ActivationBits"/> is to leave activations as they are even where a packed model says
    /// otherwise.</summary>
    public const int UnroundedBits = 16;

    /// <summary>Bits that activations are rounded to in front of every weight, 2 to 8, at each step; null takes what a
    /// packed model says, else leaves them.</summary>
    public int? ActivationBits { get; init; }

    /// <summary>Where an allocation is from, which pictures say; null where unknown.</summary>
    public JsonObject? AllocationOrigin { get; init; }

    /// <summary>How the denoiser multiplies by quantized weights.</summary>
    public WeightExecution Execution { get; init; } = WeightExecution.Unpacked;
}

/// <summary>What was generated.</summary>
/// <param name="Images">In the order of the prompts.</param>
/// <param name="Sheet">Contact sheet; null where none was asked for.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Seconds">Wall time, loading included.</param>
public sealed record GenerateResult(
    IReadOnlyList<GeneratedImage> Images,
    string? Sheet,
    int Height,
    int Width,
    double Seconds
)
{
    /// <summary>Prompts that text encoders got without their ends.</summary>
    public IReadOnlyList<CutText> Cut { get; init; } = [];
}

/// <summary>Writes images as PNG files, from a model folder, a packed one, or a model whose weights are
/// fake-quantized.</summary>
public static class GenerateStage
{
    private const int SlugLength = 48;

    /// <summary>
    /// Generates and writes one file per prompt, batch by batch, so that a stop keeps what is finished. Files take the
    /// next free numbers of the folder; each says how it was made.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="destination">Folder for the files; made when missing.</param>
    /// <param name="options">What to generate.</param>
    /// <param name="quantized">Allocation and the bank that it takes its weights from; null for the weights as they are
    /// stored.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    /// <exception cref="Q2Exception">The model cannot serve the request, or a packed model is to be quantized
    /// again.</exception>
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
                $"{model.Folder.DirectoryPath}: a packed model is quantized already; generate without an allocation, or from the original."
            );
        }
        Preflight.Generate(model, destination, options);
        long start = Stopwatch.GetTimestamp();
        var folder = new PictureFolder(destination);
        // Single-precision weights are bound in every case, so that equal values take the same way through the runtime
        // and give equal pixels.
        PaletteSource? codes = Codes(model, options, quantized);
        using WeightBinding? binding = codes is null ? model.CreateBinding() : null;
        if (binding is not null && quantized is { } choice)
            OpenModel.Apply(choice.Allocation, binding, choice.Bank);
        using var pipeline = new DiffusionPipeline(
            model.Parts(new InferenceOptions(), RoundedBits(model, options), codes),
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
            RoundedBits(model, options),
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

    // The codes to multiply by; null where the weights are to be in single precision.
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

    private static int? RoundedBits(OpenModel model, GenerateOptions options) =>
        (options.ActivationBits ?? model.ActivationBits) is { } bits && bits != GenerateOptions.UnroundedBits
            ? bits
            : null;

    /// <summary>A prompt as part of a file name: letters and digits in lower case, everything else as hyphens, at most
    /// 48 characters.</summary>
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

    // The files of one call.
    private sealed class Pictures(PictureFolder folder, PictureText text, GenerateOptions options)
    {
        private readonly List<GeneratedImage> images = [];

        // All for the contact sheet, else the first, for its extents.
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
