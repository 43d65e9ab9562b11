using System.Runtime.ExceptionServices;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Stages;

/// <summary>
/// What can be known at once is said before the first second of work: whether the pipeline can make pictures of that
/// size in that many steps, whether every folder can be written, and whether the disk has room. Every method throws the
/// problem, or a <see cref="PreflightException"/> with all of them where there are several, and leaves nothing behind.
/// </summary>
internal static class Preflight
{
    private const int BytesPerPixel = 3;
    private const int PngOverhead = 4096;

    // Header of a weight's file, its line in bank.json, and what is left of its last page on the disk.
    private const int BankHeaderBytes = 8_192;

    // Headers of a packed model's files, and a weight's lines in its manifest.
    private const int PackedHeaderBytes = 65_536,
        PackedEntryBytes = 1_024;

    // A trial's row, its allocation and its label per image and metric; features of images where there is a scoring
    // model.
    private const int BytesPerTrial = 16_384,
        FeatureBytesPerImage = 8_192;

    // Plans, uniform allocations and what they are compared with: entries of a usual plan with pictures.
    private const int PlannedEntries = 32;

    private static readonly QuantizerSpec LargestOption = QuantizerSpec.PaperOptions.MaxBy(option => option.Bits)!;

    /// <summary>Before <see cref="GenerateStage"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="destination">Folder for the pictures.</param>
    /// <param name="options">What to generate.</param>
    /// <param name="bank">Run directory whose bank is made first; null where none is needed.</param>
    /// <exception cref="Q2Exception">A problem is found; all of them are named.</exception>
    public static void Generate(OpenModel model, string destination, GenerateOptions options, RunDirectory? bank = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var problems = new List<Exception>();
        long picture = CheckPipeline(model, options.Request, () => options.Prompts, problems);
        OutputFolder pictures = new(
            destination,
            options.Prompts.Count * (picture + PngOverhead) * (options.WithSheet ? 2 : 1),
            "pictures"
        );
        Finish(problems, bank is null ? [pictures] : [pictures, BankFolder(model, bank)]);
    }

    /// <summary>Before <see cref="GraphStage"/>.</summary>
    /// <exception cref="Q2Exception">The run directory cannot be written.</exception>
    public static void Graph(OpenModel model, RunDirectory run, bool withOnnx)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(run);
        // The program holds every weight in single precision.
        long program = withOnnx ? model.Tensors.Tensors.Values.Sum(tensor => tensor.ElementCount * sizeof(float)) : 0;
        Finish([], [new OutputFolder(run.DirectoryPath, program, "graph")]);
    }

    /// <summary>Before <see cref="BankStage"/>, which needs the denoiser alone.</summary>
    /// <exception cref="Q2Exception">A problem is found; all of them are named.</exception>
    public static void Bank(OpenModel model, RunDirectory run)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(run);
        var problems = new List<Exception>();
        Try(() => BankStage.RequireOriginal(model), problems);
        Finish(problems, [BankFolder(model, run)]);
    }

    /// <summary>Before <see cref="StudyStage"/> and <see cref="PlanStage"/>.</summary>
    /// <exception cref="Q2Exception">A problem is found; all of them are named.</exception>
    public static void Study(OpenModel model, RunDirectory run, StudyOptions options)
    {
        var problems = new List<Exception>();
        long images = CheckStudy(model, options, problems);
        Finish(problems, [BankFolder(model, run), StudyFolder(run, options, images)]);
    }

    /// <summary>Before <see cref="MeasureStage"/>.</summary>
    /// <exception cref="Q2Exception">Something stands in the way.</exception>
    public static void Measure(OpenModel model, RunDirectory run, MeasureOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var problems = new List<Exception>();
        CheckStudy(model, options.Study, problems);
        long numbers =
            (long)options.Study.ImageCount
            * options.Draws
            * options.Study.Generation.StepCount
            * model.Weights.Count
            * QuantizerSpec.PaperOptions.Count;
        Finish(
            problems,
            [BankFolder(model, run), new OutputFolder(run.MeasuredImages, numbers * sizeof(float), "measurement")]
        );
    }

    /// <summary>Before <see cref="Workflow"/>.</summary>
    /// <exception cref="Q2Exception">A problem is found; all of them are named.</exception>
    public static void Run(OpenModel model, RunDirectory run, StudyOptions options)
    {
        var problems = new List<Exception>();
        long images = CheckStudy(model, options, problems);
        Try(() => PipelineFolder.RequirePlace(model.Folder, run.Packed), problems);
        long packed = PackedBytes(model, BitAllocation.Uniform(model.Weights, LargestOption), PackFormat.Q2);
        Finish(
            problems,
            [
                BankFolder(model, run),
                StudyFolder(run, options, images),
                new OutputFolder(run.Packed, packed, "packed model"),
            ]
        );
    }

    /// <summary>Before <see cref="PackStage"/>, which needs no pictures.</summary>
    /// <exception cref="Q2Exception">A problem is found; all of them are named.</exception>
    public static void Pack(
        OpenModel model,
        RunDirectory run,
        BitAllocation allocation,
        string destination,
        PackFormat format
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(allocation);
        var problems = new List<Exception>();
        Try(() => PipelineFolder.RequirePlace(model.Folder, destination), problems);
        if (format == PackFormat.Recipes)
        {
            Finish(problems, [new OutputFolder(destination, 0, "recipes")]);
            return;
        }
        Try(() => PipelineFolder.RequireKnown(model.Folder, model.Weights, allocation), problems);
        if (format == PackFormat.Diffusers)
            Try(() => DiffusersWriter.RequireCheckpoint(model.Folder), problems);
        Finish(
            problems,
            [
                BankFolder(model, run),
                new OutputFolder(destination, PackedBytes(model, allocation, format), "packed model"),
            ]
        );
    }

    // Bytes of the pixels of one image; 0 when the size cannot be known.
    private static long CheckPipeline(
        OpenModel model,
        GenerationRequest request,
        Func<IReadOnlyList<string>> prompts,
        List<Exception> problems
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        IReadOnlyList<string> texts = [];
        Try(() => texts = prompts(), problems);
        PipelineCheck check = PipelineCheck.Of(
            model.Parts(new InferenceOptions()),
            model.Tensors,
            model.Graph,
            request,
            texts
        );
        problems.AddRange(check.Problems);
        return check.Size is { } size ? (long)BytesPerPixel * size.Height * size.Width : 0;
    }

    private static long CheckStudy(OpenModel model, StudyOptions options, List<Exception> problems)
    {
        ArgumentNullException.ThrowIfNull(options);
        Try(() => BankStage.RequireOriginal(model), problems);
        return options.ImageCount * CheckPipeline(model, options.Generation, options.ReadPrompts, problems);
    }

    private static OutputFolder BankFolder(OpenModel model, RunDirectory run)
    {
        long whole = QuantizerSpec.PaperOptions.Sum(option =>
            BitAllocation.Uniform(model.Weights, option).SizeBytes(model.Weights, model.OriginalBits)
        );
        long there = Directory.Exists(run.Bank)
            ? new DirectoryInfo(run.Bank).EnumerateFiles().Sum(file => file.Length)
            : 0;
        long headers = (long)model.Weights.Count * BankHeaderBytes;
        return new OutputFolder(run.Bank, Math.Max(0, whole + headers - there), "bank");
    }

    // Full-precision images of both sets of prompts in single precision, labels, and pictures of plans.
    private static OutputFolder StudyFolder(RunDirectory run, StudyOptions options, long pixels) =>
        new(
            run.DirectoryPath,
            (2 * pixels * sizeof(float))
                + (options.TrialCount * (BytesPerTrial + ((long)options.ImageCount * FeatureBytesPerImage)))
                + (
                    PlannedEntries
                    * Math.Min(ImageObjective.PictureCount, options.ImageCount)
                    * (pixels / options.ImageCount)
                ),
            "study"
        );

    private static long PackedBytes(OpenModel model, BitAllocation allocation, PackFormat format)
    {
        long others = model
            .Folder.Used.Where(component => component != model.Folder.Denoiser)
            .Sum(component => ComponentFiles.Of(component).Read.Sum(file => new FileInfo(file).Length));
        long stored = model.Tensors.Tensors.Values.Sum(tensor => tensor.SizeBytes);
        if (format == PackFormat.Diffusers)
            return others + stored;
        return others
            + PackedHeaderBytes
            + ((long)model.Weights.Count * PackedEntryBytes)
            + Math.Max(0, stored - model.QuantizableBytes)
            + allocation.SizeBytes(model.Weights, model.OriginalBits);
    }

    private static void Try(Action look, List<Exception> problems)
    {
        try
        {
            look();
        }
        catch (Exception error) when (error is Q2Exception or IOException or UnauthorizedAccessException)
        {
            problems.Add(error);
        }
    }

    private static void Finish(List<Exception> problems, IReadOnlyList<OutputFolder> outputs)
    {
        string[] places = [.. OutputFolder.Problems(outputs)];
        if (places.Length == 0)
            places = [.. OutputFolder.WithoutRoom(outputs)];
        // One problem stays what it is: callers of the library may tell kinds apart.
        if (problems.Count == 1 && places.Length == 0)
            ExceptionDispatchInfo.Throw(problems[0]);
        string[] all = [.. problems.Select(problem => problem.Message).Concat(places).Distinct(StringComparer.Ordinal)];
        if (all.Length > 0)
            throw new PreflightException(all);
    }
}
