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
/// Finds problems before any work: whether the pipeline can generate images of this size in this number of steps,
/// whether every folder can be written, and whether the disk has enough space. Methods throw the problem, or a
/// <see cref="PreflightException"/> with all of them if there are several, and write nothing that stays.
/// </summary>
internal static class Preflight
{
    private const int BytesPerPixel = 3;
    private const int PngOverhead = 4096;

    // Header of a weight's file, its line in bank.json, and the unused rest of its last disk block.
    private const int BankHeaderBytes = 8_192;

    // Headers of a packed model's files, and the lines of one weight in its manifest.
    private const int PackedHeaderBytes = 65_536,
        PackedEntryBytes = 1_024;

    // One trial's row, allocation, and values per image and metric; CLIP features of one image.
    private const int BytesPerTrial = 16_384,
        FeatureBytesPerImage = 8_192;

    // Number of entries with images in a usual plan: candidates, uniform allocations and baselines.
    private const int PlannedEntries = 32;

    private static readonly QuantizerSpec LargestOption = QuantizerSpec.PaperOptions.MaxBy(option => option.Bits)!;

    /// <summary>Checks for <see cref="GenerateStage"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="destination">Folder for the images.</param>
    /// <param name="options">Options of the generation.</param>
    /// <param name="bank">Run directory in which a bank will be built first; null if none is needed.</param>
    /// <exception cref="Q2Exception">There is a problem; the message lists all.</exception>
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

    /// <summary>Checks for <see cref="GraphStage"/>.</summary>
    /// <exception cref="Q2Exception">The run directory cannot be written or its disk has too little space.</exception>
    public static void Graph(OpenModel model, RunDirectory run, bool withOnnx)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(run);
        // graph.onnx contains every weight in single precision.
        long program = withOnnx ? model.Tensors.Tensors.Values.Sum(tensor => tensor.ElementCount * sizeof(float)) : 0;
        Finish([], [new OutputFolder(run.DirectoryPath, program, "graph")]);
    }

    /// <summary>Checks for <see cref="BankStage"/>, which needs only the denoiser.</summary>
    /// <exception cref="Q2Exception">There is a problem; the message lists all.</exception>
    public static void Bank(OpenModel model, RunDirectory run)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(run);
        var problems = new List<Exception>();
        Try(() => BankStage.RequireOriginal(model), problems);
        Finish(problems, [BankFolder(model, run)]);
    }

    /// <summary>Checks for <see cref="StudyStage"/> and <see cref="PlanStage"/>.</summary>
    /// <exception cref="Q2Exception">There is a problem; the message lists all.</exception>
    public static void Study(OpenModel model, RunDirectory run, StudyOptions options)
    {
        var problems = new List<Exception>();
        long images = CheckStudy(model, options, problems);
        Finish(problems, [BankFolder(model, run), StudyFolder(run, options, images)]);
    }

    /// <summary>Checks for <see cref="MeasureStage"/>.</summary>
    /// <exception cref="Q2Exception">There is a problem; the message lists all.</exception>
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
            * (QuantizerSpec.PaperOptions.Count + options.ActivationBits.Count);
        Finish(
            problems,
            [BankFolder(model, run), new OutputFolder(run.MeasuredImages, numbers * sizeof(float), "measurement")]
        );
    }

    /// <summary>Checks for <see cref="Workflow"/>.</summary>
    /// <exception cref="Q2Exception">There is a problem; the message lists all.</exception>
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

    /// <summary>Checks for <see cref="PackStage"/>, which generates no images.</summary>
    /// <exception cref="Q2Exception">There is a problem; the message lists all.</exception>
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

    // Bytes of one image with 8 bits per channel; 0 if the size cannot be determined.
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

    // Full-precision images of both sets of prompts in single precision, rows of trials, and PNG files of plans.
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
        // A single problem is thrown unchanged, so that callers of the library can catch its type.
        if (problems.Count == 1 && places.Length == 0)
            ExceptionDispatchInfo.Throw(problems[0]);
        string[] all = [.. problems.Select(problem => problem.Message).Concat(places).Distinct(StringComparer.Ordinal)];
        if (all.Length > 0)
            throw new PreflightException(all);
    }
}
