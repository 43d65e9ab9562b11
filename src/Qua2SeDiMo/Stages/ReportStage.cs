using MathNet.Numerics.Statistics;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Reports;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Stages;

/// <summary>Collects what the stages left in a run directory and writes the page. Nothing is computed here that a stage decides by.</summary>
public static class ReportStage
{
    private const int GridRows = 6;
    private const long MaximumPictureBytes = 256L << 20;

    /// <summary>Writes <c>report.html</c>, <c>report.json</c> and the figures.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory, with a study at least.</param>
    /// <param name="command">What the user typed, shown on the page.</param>
    /// <returns>Full path of the page.</returns>
    /// <exception cref="Q2Exception">The run has no study.</exception>
    public static string Run(LoadedModel model, RunDirectory run, string command)
    {
        ArgumentNullException.ThrowIfNull(run);
        ReportData data = Collect(model, run, command);
        data.Write(run.ReportJson);
        return ReportHtml.Write(data, run.DirectoryPath);
    }

    private static ReportData Collect(LoadedModel model, RunDirectory run, string command)
    {
        StudyRecord study = StudyRecord.Read(run);
        StudyTrials.RequireStudy(model, run);
        Fit? fit = FittedFiles.All(run).Count > 0 ? FittedFiles.Main(run) : null;
        LabelledStudy? labelled = fit is null ? null : StudyTrials.Read(model, run, Objective.Parse(fit.Objective));
        if (labelled is not null) fit!.RequireOf(labelled.Origin, run);
        Plan? plan = labelled is not null && File.Exists(run.Plan) ? PlanStage.Read(model, run) : null;
        bool isExplained = labelled is not null && File.Exists(run.Sensitivity);
        SensitivityRecord? sensitivity = isExplained ? ExplainStage.Read(run, labelled!, fit!) : null;
        Trial[] trials = [.. RunStudy.Trials(run).Where(trial => trial.State == TrialState.Complete)];
        StoredTrials.CheckMetrics(run.StudyDatabase, trials);
        Objective objective = fit is null ? new Objective(StudyMetric.OfQuality(study.Summary.Objective)) : Objective.Parse(fit.Objective);
        IReadOnlyList<MetricData> metrics = MetricTable(study.Summary, plan, objective);
        return new ReportData
        {
            Run = Describe(model, run, study, command),
            Metrics = metrics,
            ObjectiveKey = objective.Metric.Name,
            ObjectiveNote = objective.SizeWeight > 0 ? $"The predictor was trained on {objective}." : null,
            IntervalMeaning = "95 % bootstrap interval over prompts",
            Entries = plan is null ? [] : [.. plan.Entries.Select(entry => Entry(model, run, study, entry))],
            Fronts = plan is null ? [] : [.. plan.Fronts.Select(front => Front(plan, front, objective))],
            Trials = [.. trials.Select(trial => new TrialData(trial.Number, trial.Metrics[StudyMetric.AverageBits.Name], trial.Metrics))],
            Options = [.. QuantizerSpec.PaperOptions.Select(option => OptionData.Of(option.ToString()))],
            Weights = Weights(model, sensitivity, plan, [.. trials.Select(objective.Of)]),
            ScoreSource = sensitivity is null ? null : (plan?.Predictor ?? sensitivity.Decides) == ModelNames.Network ? "the GATv2 predictor, five folds" : "ridge regression, in standard deviations of the objective over the trials",
            Predictor = fit is null ? null : Predictor(fit, plan, trials, objective),
            Explanation = sensitivity,
            Images = plan is null ? null : Images(run, study, plan),
            Notes = Notes(study, plan),
        };
    }

    private static List<MetricData> MetricTable(StudySummary summary, Plan? plan, Objective objective)
    {
        var metrics = MetricData.Standard.Where(metric => plan is null || plan.Entries.Any(entry => entry.Metrics.ContainsKey(metric.Key))).Select(metric =>
        {
            ObjectiveReliability? reliability = summary.Reliabilities.FirstOrDefault(row => row.Metric == metric.Key);
            return reliability is null ? metric : metric with
            {
                Reliability = new Measured(
                    reliability.Reliability, reliability.Reliability - reliability.Spread, reliability.Reliability + reliability.Spread),
            };
        }).ToList();
        string fresh = objective.Metric.Name + PlanEntry.FreshSuffix;
        if (plan?.Entries.Any(entry => entry.Metrics.ContainsKey(fresh)) == true && metrics.Find(metric => metric.Key == objective.Metric.Name) is { } chosen)
        {
            metrics.Add(chosen with
            {
                Key = fresh,
                Label = chosen.Label + ", fresh prompts",
                Reliability = null,
                Meaning = "The same, on prompts and seeds that no trial used: the choice of a plan cannot have profited from chance there.",
            });
        }
        return metrics;
    }

    private static RunData Describe(LoadedModel model, RunDirectory run, StudyRecord study, string command)
    {
        StudyOptions options = study.Options;
        string[] order = ["graph", "bank", "study", "fit", "explain", "plan", "pack"];
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
            CreatedAt = TimeProvider.System.GetUtcNow(),
            Command = command,
            Facts = [.. MachineFacts.Read().Select(fact => new FactData(fact.Name, fact.Value)),
                new FactData("Time per trial", $"{study.Summary.SecondsPerTrial:0.00} s, {study.Summary.OutsideRuntimeShare:P1} of it outside ONNX Runtime")],
            Stages = [.. order.Where(seconds.ContainsKey).Select(stage => new StageData(stage, TimeSpan.FromSeconds(seconds[stage]),
                stage == "study" ? $"{study.Summary.Complete} trials of {study.Summary.Images} images at {study.Summary.Steps} steps" : ""))],
        };
    }

    private static EntryData Entry(LoadedModel model, RunDirectory run, StudyRecord study, PlanEntry entry) => new()
    {
        Key = entry.Key,
        Label = entry.Label,
        ShortLabel = ShortLabel(entry),
        Kind = entry.Kind,
        RequestedBits = entry.RequestedBits,
        AverageBits = entry.AverageBits,
        QuantizedBytes = entry.SizeBytes,
        EffectiveBits = PackedBits(model, run, entry),
        ImageCount = study.Options.ImageCount,
        // The full-precision images against themselves say nothing.
        Metrics = entry.Metrics.Where(pair => entry.Kind != PlanKind.FullPrecision || !IsPaired(pair.Key))
            .ToDictionary(),
        Choices = entry.Kind == PlanKind.FullPrecision ? null : entry.Allocation.Specs.ToDictionary(pair => pair.Key, pair => pair.Value.ToString()),
    };

    private static FrontData Front(Plan plan, ScoreFront front, Objective objective) => new(
        front.Scores.Name, front.Scores.Label,
        front.Model == ModelNames.Network ? "standard deviations of the network's node norms" : $"units of {objective}", front.IsComplete,
        [.. front.Points.Select(point => new FrontPointData(point.AverageBits, point.Score))],
        [.. plan.Entries.Where(entry => entry.Scores == front.Scores && entry.PredictedScore is not null)
            .Where(entry => entry.Kind is PlanKind.Plan or PlanKind.Candidate)
            .Select(entry => new FrontPointData(entry.AverageBits, entry.PredictedScore!.Value))]);

    private static bool IsPaired(string metric) => StudyMetric.Quality.Any(known => known.IsPaired && metric.StartsWith(known.Name, StringComparison.Ordinal));

    // All bytes of the packed denoiser on disk, over all its parameters, when this entry is what was packed.
    private static double? PackedBits(LoadedModel model, RunDirectory run, PlanEntry entry)
    {
        string folder = Path.Combine(run.Packed, model.Folder.Denoiser.Name);
        if (!PackedModelReader.IsPacked(folder)) return null;
        using PackedModelReader packed = PackedModelReader.Open(folder);
        bool isOfRun = File.Exists(Path.Combine(run.Bank, QuantizerBankFile.ManifestName))
            && QuantizerBank.Open(run.Bank).SourceFingerprint == packed.Manifest.SourceFingerprint;
        if (!isOfRun || !packed.Manifest.Allocation.Equals(entry.Allocation)) return null;
        long bytes = Directory.EnumerateFiles(folder).Sum(path => new FileInfo(path).Length);
        return 8.0 * bytes / model.Tensors.Tensors.Values.Sum(tensor => tensor.ElementCount);
    }

    private static IReadOnlyList<WeightData> Weights(LoadedModel model, SensitivityRecord? sensitivity, Plan? plan, double[] labels)
    {
        // The network's scores are in standard deviations already; ridge regression's, in units of the objective, are brought to them.
        double unit = (plan?.Predictor ?? sensitivity?.Decides) == ModelNames.Network ? 1 : labels.StandardDeviation();
        Dictionary<string, IReadOnlyList<ScoreData>> scores = sensitivity is null ? [] : sensitivity.By(plan?.Predictor ?? sensitivity.Decides).Weights
            .ToDictionary(weight => weight.Name, weight => (IReadOnlyList<ScoreData>)[.. weight.Scores.Zip(weight.Deviations, (mean, deviation) => new ScoreData(mean / unit, deviation / unit))]);
        return
        [
            .. model.Weights.Select(weight =>
            {
                WeightPlace place = WeightPlace.Of(weight.Name);
                return new WeightData(weight.Name, place.Block, place.Role, place.IsOutside, weight.ElementCount, scores.GetValueOrDefault(weight.Name));
            }),
        ];
    }

    private static PredictorData Predictor(Fit fit, Plan? plan, Trial[] trials, Objective objective) => new(
        fit.Result.Folds.Count,
        [
            .. fit.Result.Models.Select(scores => new PredictorMethodData(
                scores.Model, ModelLabels.Of(scores.Model), Finite(scores.Srcc.Mean), Finite(scores.PartialSrcc.Mean), Finite(scores.NdcgAll.Mean), Finite(scores.MeanAbsoluteError.Mean),
                [.. scores.Folds.Select(fold => fold.Srcc).Where(double.IsFinite)], [.. scores.Folds.Select(fold => fold.PartialSrcc).Where(double.IsFinite)],
                [.. scores.HeldOut.Select((predicted, i) => (predicted, i)).Where(pair => double.IsFinite(pair.predicted)).Select(pair => new HeldOutData(
                    trials[pair.i].Number, objective.Of(trials[pair.i]), pair.predicted, trials[pair.i].Metrics[StudyMetric.AverageBits.Name]))])),
        ],
        // Ridge regression proposes with coefficients around trends of size and error.
        (plan?.Predictor ?? fit.Result.Choice.Model) switch
        {
            ModelNames.Network => ModelNames.Network,
            ModelNames.Blend when fit.Result.Find(ModelNames.Blend) is not null => ModelNames.Blend,
            _ => ModelNames.RidgeTrends,
        },
        plan?.Reason ?? fit.Result.Choice.Reason, objective.SizeWeight > 0 ? objective.ToString() : null);

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private static ImageGridData? Images(RunDirectory run, StudyRecord study, Plan plan)
    {
        PlanEntry? best = plan.Entries.Where(entry => entry.Kind == PlanKind.Plan).MaxBy(entry => entry.AverageBits);
        PlanEntry?[] columns =
        [
            plan.Entries.FirstOrDefault(entry => entry.Kind == PlanKind.FullPrecision), best,
            Uniform(plan, 4), Uniform(plan, 3),
        ];
        PlanEntry[] shown = [.. columns.OfType<PlanEntry>().Where(entry => Directory.Exists(Path.Combine(run.Images, entry.Pictures ?? entry.Key)))];
        if (shown.Length == 0) return null;
        IReadOnlyList<string> prompts = study.Options.ReadPrompts();
        int rows = Math.Min(Math.Min(GridRows, ImageObjective.PictureCount), prompts.Count);
        (float[] Image, int Height, int Width)[][] pictures = [.. shown.Select(entry => Enumerable.Range(0, rows).Select(i => Load(run, entry, i)).ToArray())];
        const int LargestSide = 256;
        return new ImageGridData(
            [.. shown.Select(entry => new ImageColumnData(entry.Label, entry.Kind == PlanKind.FullPrecision ? "" : $"{entry.AverageBits:0.00} bits"))],
            [
                .. Enumerable.Range(0, rows).Select(i => new ImageRowData(prompts[i], study.Options.ImageSeeds[i],
                [
                    .. pictures.Select((column, c) => new ImageCellData(
                        PngFile.EncodeThumbnail(column[i].Image, column[i].Height, column[i].Width, LargestSide),
                        c == 0 ? null : PeakSignalToNoise.Decibels(column[i].Image, pictures[0][i].Image))),
                ])),
            ],
            Math.Min(LargestSide, pictures[0][0].Width), Math.Min(LargestSide, pictures[0][0].Height));
    }

    // Of the uniform allocations with so many bits, the one whose tables add least to them: the fairest to compare sizes with.
    private static PlanEntry? Uniform(Plan plan, int bits) =>
        plan.Entries.Where(entry => entry.UniformOption?.Bits == bits).MinBy(entry => Math.Abs(entry.AverageBits - bits));

    // Long names do not fit beside the marks of a chart.
    private static string? ShortLabel(PlanEntry entry) => entry.Kind switch
    {
        PlanKind.Uniform => entry.UniformOption!.ToString(),
        PlanKind.Candidate => $"{entry.Scores!.Name} {entry.RequestedBits:0.##}",
        PlanKind.WeightError => $"least error {entry.RequestedBits:0.##}",
        PlanKind.BestRandom => $"best random {entry.RequestedBits:0.##}",
        _ => null,
    };

    private static (float[] Image, int Height, int Width) Load(RunDirectory run, PlanEntry entry, int index)
    {
        string path = Path.Combine(run.Images, entry.Pictures ?? entry.Key, $"{index:000}.png");
        return PngFile.Decode(RegularFile.ReadAllBytes(path, MaximumPictureBytes), path);
    }

    private static List<string> Notes(StudyRecord study, Plan? plan)
    {
        var notes = new List<string>();
        if (study.Options.Scoring.ClipFolder is null) notes.Add("No CLIP model was given, so only pixel metrics were measured.");
        if (plan is not null)
        {
            notes.AddRange(plan.Unverified);
            notes.Add("Best random trials were picked by their score on the study's prompts, which flatters them there; the column of fresh prompts does not.");
        }
        return notes;
    }
}
