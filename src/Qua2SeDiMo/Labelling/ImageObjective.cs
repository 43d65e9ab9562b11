using System.Diagnostics;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Images;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Storage;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Labelling;

/// <summary>
/// Labels an allocation by generated images. Every trial uses the same prompts and starting noise, so that labels
/// differ only because of the allocation. Sessions, prompt embeddings and dequantized weights are reused from trial to
/// trial.
/// </summary>
internal sealed class ImageObjective : ITrialObjective, IDisposable
{
    /// <summary>Number of images that are stored for each trial with a picture folder.</summary>
    internal const int PictureCount = 8;

    private readonly OpenModel model;
    private readonly QuantizerBank bank;
    private readonly StudyOptions options;
    private readonly WeightBinding binding;
    private readonly DiffusionPipeline pipeline;
    private readonly ImageScorer scorer;
    private readonly EncodedPrompts prompts;
    private readonly Func<int, string>? pictureFolder;
    private readonly Lazy<IReadOnlyDictionary<string, long>> multiplyAccumulates;

    /// <param name="model">The model; not disposed of here.</param>
    /// <param name="bank">The model's quantizer bank.</param>
    /// <param name="options">Prompts, seeds, steps and scoring.</param>
    /// <param name="cachePath">Safetensors file that caches the full-precision images between processes.</param>
    /// <param name="pictureFolder">Folder for the first images of a trial, by trial number; null to store none.</param>
    /// <param name="progress">Receives the progress of generating the full-precision images.</param>
    /// <param name="cancellationToken">Cancels the preparation.</param>
    internal ImageObjective(
        OpenModel model,
        QuantizerBank bank,
        StudyOptions options,
        string cachePath,
        Func<int, string>? pictureFolder,
        IProgress<StageProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        this.pictureFolder = pictureFolder;
        this.model = model;
        this.bank = bank;
        this.options = options;
        var inference = new InferenceOptions();
        binding = model.CreateBinding();
        pipeline = new DiffusionPipeline(model.Parts(inference, options.Rounded), model.Tensors, binding);
        IReadOnlyList<string> texts = options.ReadPrompts();
        scorer = new ImageScorer(options.Scoring, texts, inference);
        prompts = pipeline.Encode(texts, options.Generation);
        multiplyAccumulates = new Lazy<IReadOnlyDictionary<string, long>>(() => OperationCounts.Of(model, prompts));
        FullPrecision = LoadOrGenerate(cachePath, progress, cancellationToken);
        scorer.SetFullPrecision(FullPrecision);
    }

    /// <summary>Images of the full-precision model.</summary>
    internal ImageBatch FullPrecision { get; }

    /// <summary>Time spent in ONNX Runtime so far.</summary>
    internal TimeSpan RuntimeElapsed => pipeline.RuntimeElapsed + scorer.RuntimeElapsed;

    public TrialResult Evaluate(
        int trialNumber,
        BitAllocation allocation,
        IProgress<TrialProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        TimeSpan runtimeBefore = RuntimeElapsed;
        long start = Stopwatch.GetTimestamp();
        OpenModel.Apply(allocation, binding, bank);
        TimeSpan apply = Stopwatch.GetElapsedTime(start);
        // Of the unchanged model the images are known, unless its activations are to be quantized.
        bool isKnown = allocation.Specs.Count == 0 && options.Rounded.IsNone;
        ImageBatch images = isKnown
            ? FullPrecision
            : pipeline.Generate(
                prompts,
                new SeededNoise(options.ImageSeeds),
                options.Generation,
                new GenerationShare(progress),
                cancellationToken
            );
        TimeSpan generated = Stopwatch.GetElapsedTime(start);
        (Dictionary<string, double> metrics, List<TrialArray> arrays) = scorer.Score(images);
        AddCosts(metrics, allocation);
        RequireFinite(metrics);
        TimeSpan whole = Stopwatch.GetElapsedTime(start);
        var durations = new Dictionary<string, TimeSpan>
        {
            ["apply"] = apply,
            ["generate"] = generated - apply,
            ["score"] = whole - generated,
            ["runtime"] = RuntimeElapsed - runtimeBefore,
            ["whole"] = whole,
        };
        if (pictureFolder is not null)
            WritePictures(pictureFolder(trialNumber), images, allocation, cancellationToken);
        return new TrialResult(metrics) { Arrays = arrays, Durations = durations };
    }

    public void Dispose()
    {
        pipeline.Dispose();
        binding.Dispose();
        scorer.Dispose();
    }

    private static void RequireFinite(Dictionary<string, double> metrics)
    {
        (string? name, double value) = metrics.FirstOrDefault(metric => !double.IsFinite(metric.Value));
        if (name is null)
            return;
        throw new NonFiniteException(
            FormattableString.Invariant(
                $"the metric '{name}' of the images is {value}, though the images are finite; such a trial has no label."
            )
        );
    }

    private void WritePictures(
        string folder,
        ImageBatch images,
        BitAllocation allocation,
        CancellationToken cancellationToken
    )
    {
        var origin = new JsonObject { ["entry"] = Path.GetFileName(folder) };
        var text = new PictureText(
            model,
            options.Generation,
            allocation,
            origin,
            options.Rounded,
            WeightExecution.Unpacked,
            null,
            cancellationToken
        );
        IReadOnlyList<string> texts = options.ReadPrompts();
        for (int i = 0; i < Math.Min(PictureCount, images.Count); i++)
        {
            byte[] png = text.Label(
                i,
                texts[i],
                options.ImageSeeds[i],
                PngFile.Encode(images.Image(i), images.Height, images.Width),
                images.Height,
                images.Width
            );
            AtomicFile.WriteBytes(Path.Combine(folder, $"{i:000}.png"), png);
        }
    }

    private void AddCosts(Dictionary<string, double> metrics, BitAllocation allocation)
    {
        metrics[StudyMetric.AverageBits.Name] = allocation.AverageBits(model.Weights, model.OriginalBits);
        metrics[StudyMetric.SizeBytes.Name] = allocation.SizeBytes(model.Weights, model.OriginalBits);
        metrics[StudyMetric.WeightError.Name] = allocation.Specs.Sum(pair => bank.MeanError(pair.Key, pair.Value));
        metrics[StudyMetric.BitOperations.Name] = BitOperations.Total(
            multiplyAccumulates.Value,
            allocation,
            activationBits: weight => options.Rounded[weight] ?? ActivationAllocation.UnroundedBits,
            originalBits: model.OriginalBits
        );
    }

    private ImageBatch LoadOrGenerate(
        string path,
        IProgress<StageProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        string fingerprint = options.Unrounded().ToSettings(model, "").Fingerprint;
        string own = RunDirectory.ImagesOfSettings(path, fingerprint);
        if ((Known(path, fingerprint) ?? Known(own, fingerprint)) is { } known)
            return known;
        // The full-precision reference is generated without activation quantization.
        using DiffusionPipeline? plain = options.Rounded.IsNone
            ? null
            : new DiffusionPipeline(model.Parts(new InferenceOptions()), model.Tensors, binding);
        ImageBatch images;
        try
        {
            images = (plain ?? pipeline).Generate(
                prompts,
                new SeededNoise(options.ImageSeeds),
                options.Generation,
                progress,
                cancellationToken
            );
        }
        catch (NonFiniteException error)
        {
            throw new NonFiniteException(
                "The pictures of the unquantized model, which every trial is compared with, cannot be made; no "
                    + $"trial was begun. {error.Message}"
            );
        }
        SafetensorsWriter.Write(
            // A file with images of other settings is kept, because another study of this run uses it.
            File.Exists(path)
                ? own
                : path,
            [SafetensorsWriter.Item.Single("images", [images.Count, images.Height, images.Width, 3], images.Pixels)],
            new Dictionary<string, string> { ["settings"] = fingerprint }
        );
        return images;
    }

    // Null if the file is missing or has images of other settings.
    private static ImageBatch? Known(string path, string settings)
    {
        if (!File.Exists(path))
            return null;
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return
            file.Metadata.GetValueOrDefault("settings") == settings
            && file.Tensors.TryGetValue("images", out TensorInfo? images)
            && file.ReadSingle("images") is var pixels
            && FiniteNumbers.All(pixels)
            ? new ImageBatch((int)images.Shape[1], (int)images.Shape[2], pixels)
            : null;
    }

    // Generation takes nearly all of a trial's time; the rest of the progress bar is scoring.
    private sealed class GenerationShare(IProgress<TrialProgress>? progress) : IProgress<StageProgress>
    {
        private const double Share = 0.95;

        public void Report(StageProgress value) =>
            progress?.Report(new TrialProgress(Share * value.Done / value.Total, "generate"));
    }
}
