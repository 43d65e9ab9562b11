using System.Diagnostics;
using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// A pipeline from prompts to images: text encoders, one denoising loop for all families, scheduler, autoencoder. Its
/// quantizable weights can be replaced between generations. Not thread-safe.
/// </summary>
internal sealed class DiffusionPipeline : IDisposable
{
    private readonly PipelineParts parts;
    private readonly IPipelineFamily family;
    private readonly ITensorSource denoiserTensors;
    private readonly WeightBinding? weights;
    private readonly Autoencoder autoencoder;
    private readonly ComponentConfig denoiserConfig;
    private (int Height, int Width, InferenceModel Model)? denoiser;

    /// <summary>Creates a pipeline. Models are loaded when they are first used.</summary>
    /// <param name="parts">Folder and how to open it.</param>
    /// <param name="denoiserTensors">The denoiser's checkpoint; the caller disposes it.</param>
    /// <param name="weights">Replaceable values of the quantizable weights; null fixes them in the session, which runs
    /// somewhat faster.</param>
    /// <exception cref="Q2Exception">The folder is not supported or is incomplete.</exception>
    public DiffusionPipeline(PipelineParts parts, ITensorSource denoiserTensors, WeightBinding? weights = null)
    {
        ArgumentNullException.ThrowIfNull(parts);
        this.parts = parts;
        this.denoiserTensors = denoiserTensors;
        this.weights = weights;
        denoiserConfig = parts.Folder.Denoiser.ReadConfig();
        autoencoder = new Autoencoder(parts);
        family = PipelineCatalog.Create(parts);
    }

    /// <summary>Time spent in ONNX Runtime since the pipeline was created.</summary>
    public TimeSpan RuntimeElapsed { get; private set; }

    /// <summary>Shape of the latents of one image of the requested size.</summary>
    /// <exception cref="GenerationException">The size is not a positive multiple of the autoencoder's scale, or beyond
    /// the limits.</exception>
    public LatentShape LatentShape(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        int scale = autoencoder.ScaleFactor * family.LatentMultiple;
        SampleSize own = family.LatentSize(denoiserConfig);
        var shape = new LatentShape(
            family.LatentChannels(denoiserConfig),
            Extent(request.Height, own.Height, "height"),
            Extent(request.Width, own.Width, "width")
        );
        return GenerationLimits.Check(shape, autoencoder.ScaleFactor, parts.Folder.Name);

        int Extent(int? pixels, int latents, string side) =>
            pixels is null ? latents
            : pixels > 0 && pixels % scale == 0 ? pixels.Value / autoencoder.ScaleFactor
            : throw new GenerationException(
                $"The {side} is {pixels} pixels; {parts.Folder.Name} needs a positive multiple of {scale}."
            );
    }

    /// <summary>Size in pixels of one image of the request.</summary>
    /// <exception cref="GenerationException">The size is not a positive multiple of the autoencoder's scale, or beyond
    /// the limits.</exception>
    internal PixelSize ImageSize(GenerationRequest request)
    {
        LatentShape shape = LatentShape(request);
        return new PixelSize(shape.Height * autoencoder.ScaleFactor, shape.Width * autoencoder.ScaleFactor);
    }

    /// <summary>Checks that the autoencoder can decode such latents; reads only configurations and tensor
    /// headers.</summary>
    /// <exception cref="Q2Exception">The autoencoder's class is not supported, or a tensor is missing.</exception>
    internal void CheckDecoder(LatentShape shape) => autoencoder.Check(shape);

    /// <summary>Encodes prompts once, for any number of generations with the same request. Text encoders are unloaded
    /// afterwards.</summary>
    /// <exception cref="GenerationException">The request has an option that this pipeline does not support, or there
    /// are no prompts.</exception>
    public EncodedPrompts Encode(IReadOnlyList<string> prompts, GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(request);
        PixelSize size = ImageSize(request);
        Check(prompts.Count, request);
        var encoded = new EncodedPrompts(
            family.Encode(prompts, TextRole.Prompt, size, request),
            family.IsGuided(request)
                ? family.Encode(
                    request.NegativePrompts is [] ? [""] : request.NegativePrompts,
                    TextRole.Negative,
                    size,
                    request
                )
                : null
        );
        foreach (TextEncoder encoder in family.Encoders)
            encoder.Unload();
        return encoded;
    }

    /// <summary>Prompts and negative prompts that exceed the limit of a text encoder: one entry per text and
    /// encoder.</summary>
    /// <exception cref="GenerationException">The request has an option that this pipeline does not support, or there
    /// are no prompts.</exception>
    public IReadOnlyList<CutText> CutTexts(IReadOnlyList<string> prompts, GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(request);
        Check(prompts.Count, request);
        IEnumerable<(string Text, bool IsNegative)> texts = prompts.Select(text => (text, false));
        if (family.IsGuided(request))
            texts = texts.Concat(request.NegativePrompts.Select(text => (text, true)));
        return
        [
            .. from text in texts.Distinct()
            from encoder in family.Encoders
            let lost = encoder.LostWords(text.Text, family.Prepare)
            where lost.Length > 0
            select new CutText(text.Text, text.IsNegative, encoder.Component, encoder.MaximumTokens, lost),
        ];
    }

    /// <summary>Generates one image per prompt from the given starting noise.</summary>
    /// <param name="prompts">Result of <see cref="Encode"/> for the same request.</param>
    /// <param name="noise">Unit normals, [prompts, channels, height, width] of the latents.</param>
    /// <param name="request">Steps, guidance, size.</param>
    /// <param name="progress">Called after each step.</param>
    /// <param name="cancellationToken">Checked before each step and before decoding.</param>
    /// <exception cref="GenerationException">The scheduler needs noise at each step.</exception>
    public ImageBatch Generate(
        EncodedPrompts prompts,
        ReadOnlyMemory<float> noise,
        GenerationRequest request,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(prompts);
        LatentShape shape = LatentShape(request);
        int count = prompts.Prompts.Count;
        if (noise.Length != count * shape.Length)
            throw new ArgumentException(
                $"{count} images of {shape} need {count * shape.Length} normals, not {noise.Length}.",
                nameof(noise)
            );
        return Generate(prompts, new GivenNoise(noise, shape.Length), request, progress, cancellationToken);
    }

    /// <summary>Generates one image per prompt.</summary>
    /// <param name="prompts">Result of <see cref="Encode"/> for the same request.</param>
    /// <param name="noise">Noise for as many images as there are prompts. Drawing advances it, so use a new source for
    /// each call.</param>
    /// <param name="request">Steps, guidance, size.</param>
    /// <param name="progress">Called after each step.</param>
    /// <param name="cancellationToken">Checked before each step and before decoding.</param>
    public ImageBatch Generate(
        EncodedPrompts prompts,
        INoiseSource noise,
        GenerationRequest request,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    ) => Generate(prompts, noise, request, null, progress, cancellationToken);

    /// <summary>As the other overloads; <paramref name="observer"/> is called at each step as
    /// <see cref="DenoisingLoop.Observer"/>.</summary>
    internal ImageBatch Generate(
        EncodedPrompts prompts,
        INoiseSource noise,
        GenerationRequest request,
        Action<int, TensorValue, float[]>? observer,
        IProgress<StageProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(noise);
        ArgumentNullException.ThrowIfNull(request);
        LatentShape shape = LatentShape(request);
        int count = prompts.Prompts.Count;
        if (noise.ImageCount != count)
            throw new ArgumentException(
                $"There is noise for {noise.ImageCount} images, but there are {count} prompts.",
                nameof(noise)
            );
        ComponentConfig scheduler = parts.Folder.Component("scheduler").ReadConfig();
        var loop = new DenoisingLoop(DenoiserFor(shape), SchedulerCatalog.Create(scheduler), family, shape, request)
        {
            Component = parts.Folder.Denoiser.Name,
            SchedulerClass = scheduler.ClassName,
            Observer = observer,
        };
        var batches = new List<ImageBatch>();
        for (int start = 0; start < count; start += request.BatchSize)
        {
            int size = Math.Min(request.BatchSize, count - start);
            int done = start;
            float[] latents = loop.Run(
                noise,
                prompts,
                start,
                size,
                fraction => progress?.Report(new StageProgress("Generating images", done + (fraction * size), count)),
                cancellationToken
            );
            cancellationToken.ThrowIfCancellationRequested();
            long before = Stopwatch.GetTimestamp();
            batches.Add(autoencoder.Decode(latents, shape));
            RuntimeElapsed += Stopwatch.GetElapsedTime(before);
        }
        RuntimeElapsed += loop.RuntimeElapsed;
        return new ImageBatch(
            batches[0].Height,
            batches[0].Width,
            batches.Count == 1 ? batches[0].Pixels : [.. batches.SelectMany(batch => batch.Pixels)]
        );
    }

    /// <summary>Denoises all prompts in one batch and records the denoiser's inputs at each step; nothing is
    /// decoded.</summary>
    internal DenoisingTrace Trace(
        EncodedPrompts prompts,
        INoiseSource noise,
        GenerationRequest request,
        CancellationToken cancellationToken
    )
    {
        LatentShape shape = LatentShape(request);
        ComponentConfig scheduler = parts.Folder.Component("scheduler").ReadConfig();
        var trace = new DenoisingTrace(family, shape, request, prompts.Negative is not null, prompts.Prompts.Count);
        var loop = new DenoisingLoop(DenoiserFor(shape), SchedulerCatalog.Create(scheduler), family, shape, request)
        {
            Component = parts.Folder.Denoiser.Name,
            SchedulerClass = scheduler.ClassName,
            Trace = trace,
        };
        loop.Run(noise, prompts, 0, prompts.Prompts.Count, _ => { }, cancellationToken);
        RuntimeElapsed += loop.RuntimeElapsed;
        return trace;
    }

    /// <summary>Linear dependence of the latents of a run on its predictions.</summary>
    /// <exception cref="SchedulerException">The scheduler is not linear in its predictions, or uses a predicted
    /// variance.</exception>
    internal SamplerResponse Response(GenerationRequest request) =>
        SamplerResponse.Of(
            SchedulerCatalog.Create(parts.Folder.Component("scheduler").ReadConfig()),
            request.StepCount,
            family.Sampling(LatentShape(request), request)
        );

    /// <summary>Number of denoiser calls in a run; some schedulers make more calls than steps.</summary>
    internal int CallCount(GenerationRequest request)
    {
        IScheduler scheduler = SchedulerCatalog.Create(parts.Folder.Component("scheduler").ReadConfig());
        scheduler.SetTimesteps(request.StepCount, family.Sampling(LatentShape(request), request));
        return scheduler.Timesteps.Length;
    }

    /// <summary>Frees the denoiser's session; the next run makes it again.</summary>
    internal void UnloadDenoiser() => denoiser?.Model.Unload();

    /// <summary>The denoiser's graph for images of the requested size.</summary>
    internal Graph DenoiserGraph(GenerationRequest request) => DenoiserFor(LatentShape(request)).Graph;

    /// <summary>The autoencoder.</summary>
    internal Autoencoder Decoder => autoencoder;

    /// <summary>The family, which holds what is specific to the pipeline class.</summary>
    internal IPipelineFamily Family => family;

    /// <inheritdoc/>
    public void Dispose()
    {
        denoiser?.Model.Dispose();
        autoencoder.Dispose();
        family.Dispose();
    }

    /// <summary>Checks that this pipeline class supports a request.</summary>
    /// <exception cref="GenerationException">There are no prompts, the class does not support an option, or numbers are
    /// beyond the limits.</exception>
    internal void Check(int prompts, GenerationRequest request)
    {
        string name = $"{parts.Folder.Name} ({parts.Folder.PipelineClass})";
        if (prompts == 0)
            throw new GenerationException("There are no prompts.");
        if (request.NegativePrompts.Count > 0 && !family.TakesNegativePrompts)
        {
            throw new GenerationException(
                $"{name} takes no negative prompt: {family.WithoutNegativePrompts}. Leave it out."
            );
        }
        if (request.NegativePrompts.Count > 1 && request.NegativePrompts.Count != prompts)
        {
            throw new GenerationException(
                $"There are {request.NegativePrompts.Count} negative prompts for {prompts} prompts; give one for all, or one for each."
            );
        }
        if (request.Sizes is { IsEmpty: false } && !family.TakesSizes)
        {
            throw new GenerationException(
                $"{name} takes no original, crop and target sizes; only StableDiffusionXLPipeline does. Leave them out."
            );
        }
        GenerationLimits.Check(prompts, request.BatchSize, LatentShape(request), autoencoder.ScaleFactor);
    }

    private InferenceModel DenoiserFor(LatentShape shape)
    {
        if (denoiser is { } known && known.Height == shape.Height && known.Width == shape.Width)
            return known.Model;
        denoiser?.Model.Dispose();
        Graph graph = parts.DenoiserGraph(shape.Height, shape.Width);
        var model = new InferenceModel(graph, denoiserTensors, weights, parts.Inference);
        denoiser = (shape.Height, shape.Width, model);
        return model;
    }
}
