using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Images;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Reports;
using Qua2SeDiMo.Reports.Page;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Storage;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;
using Qua2SeDiMo.Studies.Storage;

namespace Qua2SeDiMo.Stages;

/// <summary>Collects the results of all stages in a run directory and writes the report. It computes nothing that a
/// stage uses for a decision.</summary>
public static class ReportStage
{
    private const int GridRows = 6;
    private const long MaximumPictureBytes = 256L << 20;

    /// <summary>Writes <c>report.html</c>, <c>report.json</c> and the figures.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory; it must contain a study.</param>
    /// <param name="command">Command line to show in the report.</param>
    /// <returns>Full path of the page.</returns>
    /// <exception cref="Q2Exception">The run has no finished study, or results do not belong together.</exception>
    public static string Run(OpenModel model, RunDirectory run, string command)
    {
        ArgumentNullException.ThrowIfNull(run);
        ReportData data = Collect(model, run, command);
        data.Write(run.ReportJson);
        return ReportHtml.Write(data, run.DirectoryPath);
    }

    private static ReportData Collect(OpenModel model, RunDirectory run, string command)
    {
        StudyRecord study = StudyRecord.Read(run);
        StudyTrials.RequireStudy(model, run);
        Fit? fit = FittedFiles.All(run).Count > 0 ? FittedFiles.Main(run) : null;
        LabelledStudy? labelled = fit is null ? null : StudyTrials.Read(model, run, Objective.Parse(fit.Objective));
        if (labelled is not null)
            fit!.RequireOf(labelled.Origin, run);
        MeasuredModel? measured = File.Exists(run.Measurement) ? MeasuredModel.Read(model, run) : null;
        bool isPlanned = (labelled is not null || measured is not null) && File.Exists(run.Plan);
        Plan? plan = isPlanned ? PlanStage.Read(model, run) : null;
        bool isExplained = labelled is not null && File.Exists(run.Sensitivity);
        SensitivityRecord? sensitivity = isExplained ? FittedScores.Explanation(run, labelled!, fit!) : null;
        Trial[] trials = [.. RunStudy.Trials(run).Where(trial => trial.State == TrialState.Complete)];
        StoredTrials.CheckMetrics(run.StudyDatabase, trials);
        Objective objective = fit is null
            ? new Objective(StudyMetric.OfQuality(study.Summary.Objective))
            : Objective.Parse(fit.Objective);
        return new ReportData
        {
            Run = Describe(model, run, study, command),
            Objective = objective.ToString(),
            Reliabilities = study.Summary.Reliabilities,
            Trials = [.. trials.Select(trial => TrialData.Of(trial, objective))],
            Weights = Weights(model),
            Fit = fit,
            Explanation = sensitivity,
            Measured = measured?.Record.Sensitivity,
            Plan = plan,
            EffectiveBits = plan is null ? new Dictionary<string, double>() : PackedBits(model, run, plan),
            Images = plan is null ? null : Images(run, study, plan),
            Notes = Notes(study, plan),
        };
    }

    private static RunData Describe(OpenModel model, RunDirectory run, StudyRecord study, string command)
    {
        StudyOptions options = study.Options;
        string[] order = ["graph", "bank", "measure", "study", "fit", "explain", "plan", "pack"];
        Dictionary<string, double> seconds = StageTimings.Read(run);
        return new RunData
        {
            ModelName = model.Folder.Name,
            ModelClass = model.Folder.Denoiser.ClassName,
            Folder = model.Folder.DirectoryPath,
            ParameterCount = model.Tensors.Tensors.Values.Sum(tensor => tensor.ElementCount),
            QuantizableBytes = model.QuantizableBytes,
            OriginalBits = model.OriginalBits,
            ImageCount = options.ImageCount,
            StepCount = options.Generation.StepCount,
            GuidanceScale = options.Generation.GuidanceScale,
            Prompts = options.ReadPrompts(),
            Seeds = options.SharedNoise ? $"{options.Seed} for all images" : $"{options.Seed} + image index",
            CreatedAt = model.Time.GetUtcNow(),
            Command = command,
            Facts =
            [
                .. MachineFacts.Read().Select(fact => new FactData(fact.Name, fact.Value)),
                new FactData(
                    "Time per trial",
                    $"{study.Summary.SecondsPerTrial:0.00} s, {study.Summary.OutsideRuntimeShare:P1} of it outside ONNX Runtime"
                ),
            ],
            Stages =
            [
                .. order
                    .Where(seconds.ContainsKey)
                    .Select(stage => new StageData(
                        stage,
                        TimeSpan.FromSeconds(seconds[stage]),
                        stage == "study"
                            ? $"{study.Summary.Complete} trials of {study.Summary.Images} images at {study.Summary.Steps} steps"
                            : ""
                    )),
            ],
        };
    }

    // Effective bits of the packed entry: 8 × all bytes of the packed denoiser on disk / number of all its parameters.
    private static Dictionary<string, double> PackedBits(OpenModel model, RunDirectory run, Plan plan)
    {
        string folder = Path.Combine(run.Packed, model.Folder.Denoiser.Name);
        if (!PackedModelReader.IsPacked(folder))
            return [];
        using PackedModelReader packed = PackedModelReader.Open(folder);
        bool isOfRun =
            File.Exists(Path.Combine(run.Bank, QuantizerBankFile.ManifestName))
            && QuantizerBank.Open(run.Bank).SourceFingerprint == packed.Manifest.SourceFingerprint;
        if (!isOfRun)
            return [];
        double bits =
            8.0
            * Directory.EnumerateFiles(folder).Sum(path => new FileInfo(path).Length)
            / model.Tensors.Tensors.Values.Sum(tensor => tensor.ElementCount);
        return plan
            .Entries.Where(entry => packed.Manifest.Allocation.Equals(entry.Allocation))
            .ToDictionary(entry => entry.Key, _ => bits);
    }

    // A tied weight has the position of the weight whose option it takes.
    private static IReadOnlyList<WeightPosition> Weights(OpenModel model)
    {
        var positions = new Dictionary<string, WeightPosition>(StringComparer.Ordinal);
        foreach (
            (WeightPosition position, IReadOnlyList<QuantizableWeight> group) in TopologyBuilder
                .Positions(model.Operations)
                .Zip(model.Operations.Groups)
        )
        {
            foreach (QuantizableWeight weight in group)
            {
                positions[weight.Name] = position with { Name = weight.Name, Parameters = weight.ElementCount };
            }
        }
        return [.. model.Weights.Select(weight => positions[weight.Name])];
    }

    private static ImageGridData? Images(RunDirectory run, StudyRecord study, Plan plan)
    {
        PlanEntry? best = plan.Entries.Where(entry => entry.Kind == PlanKind.Plan).MaxBy(entry => entry.AverageBits);
        PlanEntry?[] columns =
        [
            plan.Entries.FirstOrDefault(entry => entry.Kind == PlanKind.FullPrecision),
            best,
            Uniform(plan, 4),
            Uniform(plan, 3),
        ];
        PlanEntry[] shown =
        [
            .. columns
                .OfType<PlanEntry>()
                .Where(entry => Directory.Exists(Path.Combine(run.Images, entry.Pictures ?? entry.Key))),
        ];
        if (shown.Length == 0)
            return null;
        IReadOnlyList<string> prompts = study.Options.ReadPrompts();
        int rows = Math.Min(Math.Min(GridRows, ImageObjective.PictureCount), prompts.Count);
        (float[] Image, int Height, int Width)[][] pictures =
        [
            .. shown.Select(entry => Enumerable.Range(0, rows).Select(i => Load(run, entry, i)).ToArray()),
        ];
        RequireOneSize(run, shown, pictures);
        const int LargestSide = 256;
        return new ImageGridData(
            [
                .. shown.Select(entry => new ImageColumnData(
                    entry.Label,
                    entry.Kind == PlanKind.FullPrecision ? "" : $"{entry.AverageBits:0.00} bits"
                )),
            ],
            [
                .. Enumerable
                    .Range(0, rows)
                    .Select(i => new ImageRowData(
                        prompts[i],
                        study.Options.ImageSeeds[i],
                        [
                            .. pictures.Select(
                                (column, c) =>
                                    new ImageCellData(
                                        PngFile.EncodeThumbnail(
                                            column[i].Image,
                                            column[i].Height,
                                            column[i].Width,
                                            LargestSide
                                        ),
                                        c == 0
                                            ? null
                                            : PeakSignalToNoise.Decibels(column[i].Image, pictures[0][i].Image)
                                    )
                            ),
                        ]
                    )),
            ],
            Math.Min(LargestSide, pictures[0][0].Width),
            Math.Min(LargestSide, pictures[0][0].Height)
        );
    }

    // Of the uniform allocations with these bits, the one whose average bits are nearest to them, with the smallest
    // palettes.
    private static PlanEntry? Uniform(Plan plan, int bits) =>
        plan
            .Entries.Where(entry => entry.UniformOption?.Bits == bits)
            .MinBy(entry => Math.Abs(entry.AverageBits - bits));

    private static (float[] Image, int Height, int Width) Load(RunDirectory run, PlanEntry entry, int index)
    {
        string path = PicturePath(run, entry, index);
        return PngFile.Decode(RegularFile.ReadAllBytes(path, MaximumPictureBytes), path);
    }

    private static void RequireOneSize(
        RunDirectory run,
        PlanEntry[] shown,
        (float[] Image, int Height, int Width)[][] pictures
    )
    {
        // The most frequent size counts as expected, so that the message names the image that differs, in whichever
        // column.
        (int height, int width) = pictures
            .SelectMany(column => column)
            .CountBy(picture => (picture.Height, picture.Width))
            .MaxBy(pair => pair.Value)
            .Key;
        for (int c = 0; c < shown.Length; c++)
        {
            for (int i = 0; i < pictures[c].Length; i++)
            {
                (_, int h, int w) = pictures[c][i];
                if (h == height && w == width)
                    continue;
                throw new DamagedFileException(
                    PicturePath(run, shown[c], i),
                    FormattableString.Invariant($"{w} × {h} pixels, and the others are {width} × {height}"),
                    Remedy.Plan
                );
            }
        }
    }

    private static string PicturePath(RunDirectory run, PlanEntry entry, int index) =>
        Path.Combine(run.Images, entry.Pictures ?? entry.Key, $"{index:000}.png");

    private static List<string> Notes(StudyRecord study, Plan? plan)
    {
        var notes = new List<string>();
        if (study.Options.Scoring.ClipFolder is null)
            notes.Add("No CLIP model was given, so only pixel metrics were measured.");
        if (plan is not null)
        {
            notes.AddRange(plan.Unverified);
            notes.Add(
                "Best random trials were picked by their score on the study's prompts, which flatters them "
                    + "there; the column of fresh prompts does not."
            );
        }
        return notes;
    }
}
