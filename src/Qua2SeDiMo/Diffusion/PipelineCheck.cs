using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Diffusion.Tokenizers;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// Checks whether images can be generated, from configurations and tensor headers alone, before any computation:
/// pipeline class, missing components, class and settings of each component, scheduler, steps and size.
/// </summary>
internal sealed class PipelineCheck
{
    private readonly PipelineParts parts;
    private readonly ITensorSource denoiserTensors;
    private readonly GenerationRequest request;
    private readonly List<Exception> problems = [];

    private PipelineCheck(PipelineParts parts, ITensorSource denoiserTensors, GenerationRequest request) =>
        (this.parts, this.denoiserTensors, this.request) = (parts, denoiserTensors, request);

    /// <summary>The problems found, one exception each; empty when images can be generated.</summary>
    internal IReadOnlyList<Exception> Problems => problems;

    /// <summary>Size of one image; null when problems keep it from being determined.</summary>
    internal PixelSize? Size { get; private set; }

    /// <summary>Checks a pipeline.</summary>
    /// <param name="parts">Folder and how to open it.</param>
    /// <param name="denoiserTensors">The denoiser's checkpoint; the caller disposes it.</param>
    /// <param name="denoiser">The denoiser at its default size.</param>
    /// <param name="request">Steps, guidance, size.</param>
    /// <param name="prompts">Prompts of the images; checked for models that accept only certain prompts.</param>
    internal static PipelineCheck Of(
        PipelineParts parts,
        ITensorSource denoiserTensors,
        Graph denoiser,
        GenerationRequest request,
        IReadOnlyList<string> prompts
    )
    {
        var check = new PipelineCheck(parts, denoiserTensors, request);
        check.Run(denoiser, prompts);
        return check;
    }

    private void Run(Graph denoiser, IReadOnlyList<string> prompts)
    {
        ModelFolder folder = parts.Folder;
        bool isKnown = Try(() => PipelineCatalog.RequireSupported(folder));
        IReadOnlyList<string> needed = PipelineComponents.Of(folder.PipelineClass, folder.Components.ContainsKey) ?? [];
        string[] missing = [.. needed.Where(name => !folder.Components.ContainsKey(name))];
        if (missing.Length > 0)
            problems.Add(Missing(folder, missing));
        if (!isKnown || missing.Length > 0 || !Try(() => CheckWhole(denoiser, prompts)))
            CheckEach();
    }

    private static ModelFolderException Missing(ModelFolder folder, string[] names)
    {
        string listed = string.Join(", ", names.Select(name => $"'{name}'"));
        string sentence =
            names.Length == 1
                ? $"component {listed} is missing, and pictures need it"
                : $"the components {listed} are missing, and pictures need them";
        return new ModelFolderException(
            $"{folder.DirectoryPath}: {sentence}; present are {string.Join(", ", folder.Components.Keys)}."
        );
    }

    // Builds the whole pipeline as a generation does; stops at the first problem.
    private void CheckWhole(Graph denoiser, IReadOnlyList<string> prompts)
    {
        using var pipeline = new DiffusionPipeline(parts, denoiserTensors);
        pipeline.Check(prompts.Count, request);
        IPipelineFamily family = pipeline.Family;
        IScheduler scheduler = SchedulerCatalog.Create(parts.Folder.Component("scheduler").ReadConfig());
        // Sizes come after the components, which determine what they must be multiples of.
        LatentShape shape = pipeline.LatentShape(request);
        Size = pipeline.ImageSize(request);
        scheduler.SetTimesteps(request.StepCount, family.Sampling(shape, request));
        bool isOfItsSize = denoiser.Inputs.Any(input =>
            input.Name == family.LatentsInput
            && input.Rank == 4
            && input.Shape[2] == new Dimension(shape.Height)
            && input.Shape[3] == new Dimension(shape.Width)
        );
        if (!isOfItsSize)
            parts.DenoiserGraph(shape.Height, shape.Width);
        pipeline.CheckDecoder(shape);
        bool predictsVariance =
            denoiser.Outputs[0] is not { Rank: 4 } output
            || !output.Shape[1].IsFixed
            || output.Shape[1].Size >= 2 * shape.Channels;
        if (scheduler.UsesPredictedVariance && !predictsVariance)
        {
            throw new GenerationException(
                $"{parts.Folder.DirectoryPath}: the scheduler takes a variance from the denoiser (variance_type), which predicts none."
            );
        }
        if (family.StatesEncoder is { } encoder)
            RequireTokens(denoiser, encoder);
        // Models without a text encoder accept only certain prompts.
        if (family.Encoders.Count == 0)
            family.Encode(prompts, TextRole.Prompt, Size.Value, request);
    }

    // An export may have a fixed number of tokens.
    private void RequireTokens(Graph denoiser, TextEncoder encoder)
    {
        if (denoiser.Inputs.FirstOrDefault(input => input.Name == "encoder_hidden_states") is not { Rank: 3 } states)
            return;
        if (!states.Shape[1].IsFixed || states.Shape[1].Size == encoder.MaximumTokens)
            return;
        throw new GenerationException(
            $"{parts.Folder.Denoiser.DirectoryPath}: the denoiser takes texts of {states.Shape[1].Size} tokens "
                + $"only, and the tokenizer gives {encoder.MaximumTokens}. Export it with a dynamic sequence axis, or "
                + $"for {encoder.MaximumTokens} tokens."
        );
    }

    // Checks each component alone, to find all problems instead of only the first.
    private void CheckEach()
    {
        foreach (ModelComponent component in parts.Folder.Components.Values)
        {
            switch (component.Name)
            {
                case "scheduler":
                    Try(() => SchedulerCatalog.Create(component.ReadConfig()));
                    break;
                case "vae":
                    Try(() => new Autoencoder(parts).Dispose());
                    break;
                case "tokenizer" or "tokenizer_2" or "tokenizer_3":
                    Try(() => TokenizerCatalog.Open(component.DirectoryPath));
                    break;
                case "text_encoder" or "text_encoder_2" or "text_encoder_3":
                    Try(() => TextEncoder.Check(parts, component));
                    break;
            }
        }
    }

    // Runs a check and records its error; true when there is none.
    private bool Try(Action look)
    {
        try
        {
            look();
            return true;
        }
        catch (Exception error) when (error is Q2Exception or IOException or UnauthorizedAccessException)
        {
            if (problems.TrueForAll(known => known.Message != error.Message))
                problems.Add(error);
            return false;
        }
    }
}
