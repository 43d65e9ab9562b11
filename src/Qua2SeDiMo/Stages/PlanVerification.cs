using System.Globalization;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;
using Qua2SeDiMo.Studies.Storage;

namespace Qua2SeDiMo.Stages;

/// <summary>
/// Measures allocations of plans by images. Allocations measured with equal settings are trials of one study, over all
/// calls, so that an allocation is measured only once, whatever size or source it comes from.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="run">The run directory.</param>
/// <param name="progress">Receives the progress of every step.</param>
/// <param name="cancellationToken">Cancels between steps; measured allocations are kept.</param>
internal sealed class PlanVerification(
    OpenModel model,
    RunDirectory run,
    IProgress<StageProgress>? progress,
    CancellationToken cancellationToken
)
{
    private const int BootstrapDraws = 1000;
    private const int FingerprintLength = 12;

    private readonly List<string> unverified = [];

    /// <summary>Descriptions of what could not be measured so far.</summary>
    internal IReadOnlyList<string> Unverified => unverified;

    /// <summary>Measures entries on the study's prompts, and stores their first images.</summary>
    /// <param name="options">Prompts, seeds, steps and scoring.</param>
    /// <param name="entries">Entries to measure; equal allocations are measured once.</param>
    /// <param name="words">Description of the images, for messages.</param>
    internal MeasuredEntries Measure(StudyOptions options, IReadOnlyList<PlanEntry> entries, string words) =>
        Measure(options, entries, "", run.Images, words);

    /// <summary>Adds metrics on fresh prompts to measured entries, where those could be measured.</summary>
    internal IReadOnlyList<PlanEntry> OnFreshPrompts(StudyOptions options, MeasuredEntries measured, string words) =>
        Measure(options.OnFreshPrompts(), measured.Measured, PlanEntry.FreshSuffix, null, words)
            .Over(measured.Measured);

    // Entries whose inputs of layers are rounded one by one are measured so, under settings of their own.
    private MeasuredEntries Measure(
        StudyOptions options,
        IReadOnlyList<PlanEntry> entries,
        string suffix,
        string? pictures,
        string words
    )
    {
        MeasuredEntries[] parts =
        [
            .. entries
                .GroupBy(entry => entry.Activations is null ? null : entry.Rounded)
                .Select(group =>
                    MeasureAlike(
                        group.Key is { } own
                            ? options with
                            {
                                ActivationBits = null,
                                Activations = own.ByWeight,
                            }
                            : options,
                        [.. group],
                        suffix,
                        pictures,
                        words
                    )
                ),
        ];
        var measured = parts.SelectMany(part => part.Measured).ToDictionary(entry => entry.Key, StringComparer.Ordinal);
        return new MeasuredEntries(
            [.. entries.Where(entry => measured.ContainsKey(entry.Key)).Select(entry => measured[entry.Key])],
            new UnfinishedTrials(
                parts.Sum(part => part.Open.Asked),
                [.. parts.SelectMany(part => part.Open.Trials)],
                parts.Sum(part => part.Open.Missing)
            )
        );
    }

    private MeasuredEntries MeasureAlike(
        StudyOptions options,
        IReadOnlyList<PlanEntry> entries,
        string suffix,
        string? pictures,
        string words
    )
    {
        string study = $"verified-{options.ToSettings(model, "").Fingerprint[..FingerprintLength]}{suffix}";
        Dictionary<string, Trial> trials = Label(options, entries, study, pictures);
        cancellationToken.ThrowIfCancellationRequested();
        using SqliteStudyStore store = SqliteStudyStore.Open(run.StudyDatabase, model.Time, study);
        Dictionary<string, IReadOnlyDictionary<int, TrialArray>> arrays = StudyMetric.Quality.ToDictionary(
            metric => metric.Name,
            metric => store.ReadArrays(metric.Name)
        );
        StoredTrials.CheckMetrics(
            run.StudyDatabase,
            [.. trials.Values.Where(trial => trial.State == TrialState.Complete)]
        );
        PlanEntry With(PlanEntry entry) =>
            WithMetrics(options, entry, trials[entry.Key], arrays, suffix, pictures is not null) with
            {
                ActivationBits = options.ActivationBits,
                Activations = options.Activations,
            };
        Trial[] asked = [.. trials.Values.DistinctBy(trial => trial.Number).OrderBy(trial => trial.Number)];
        var open = new UnfinishedTrials(asked.Length, [.. asked.Where(trial => trial.State != TrialState.Complete)], 0);
        if (!open.IsEmpty)
            unverified.Add($"Verification by {words}: {open}");
        return new MeasuredEntries(
            [.. entries.Where(entry => trials[entry.Key].State == TrialState.Complete).Select(With)],
            open
        );
    }

    // Returns the trial of each entry, by its key. If another process added its own plans to the same study meanwhile,
    // some entries have no trial; the list is then made again.
    private Dictionary<string, Trial> Label(
        StudyOptions options,
        IReadOnlyList<PlanEntry> entries,
        string study,
        string? pictures
    )
    {
        while (true)
        {
            List<(string Name, BitAllocation Allocation)> listed = Known(options, study);
            foreach (PlanEntry entry in entries)
            {
                if (listed.Exists(known => known.Allocation.Equals(entry.Allocation)))
                    continue;
                listed.Add((Unused(entry.Key, listed), entry.Allocation));
            }
            IReadOnlyList<Trial> trials = StudyStage.RunListed(
                model,
                run,
                options,
                listed,
                study,
                pictures,
                "plans",
                progress,
                cancellationToken
            );
            var found = entries.ToDictionary(
                entry => entry.Key,
                entry => trials.FirstOrDefault(trial => trial.Allocation.Equals(entry.Allocation))
            );
            if (found.Values.All(trial => trial is not null))
                return found.ToDictionary(pair => pair.Key, pair => pair.Value!);
            options = options with { RetryFailed = false };
        }
    }

    // Creates the study if it does not exist. Names of trials become folder names of images.
    private List<(string, BitAllocation)> Known(StudyOptions options, string study)
    {
        using SqliteStudyStore store = SqliteStudyStore.OpenOrCreate(
            run.StudyDatabase,
            options.ToSettings(model, "plans"),
            model.Time,
            study
        );
        return
        [
            .. store
                .List()
                .OrderBy(trial => trial.Number)
                .Select(trial => (StoredTrials.FolderName(run.StudyDatabase, trial), trial.Allocation)),
        ];
    }

    private static string Unused(string key, List<(string Name, BitAllocation Allocation)> listed)
    {
        string name = key;
        for (int i = 2; listed.Exists(known => known.Name == name); i++)
            name = string.Create(CultureInfo.InvariantCulture, $"{key}~{i}");
        return name;
    }

    private PlanEntry WithMetrics(
        StudyOptions options,
        PlanEntry entry,
        Trial trial,
        Dictionary<string, IReadOnlyDictionary<int, TrialArray>> arrays,
        string suffix,
        bool hasPictures
    )
    {
        var metrics = new Dictionary<string, Measured>(entry.Metrics);
        foreach (StudyMetric metric in StudyMetric.Quality.Where(metric => trial.Metrics.ContainsKey(metric.Name)))
        {
            TrialArray? perImage = FeatureReference.Metrics.Contains(metric)
                ? null
                : StoredTrials.Array(run.StudyDatabase, trial, arrays[metric.Name], metric.Name, options.ImageCount, 1);
            metrics[metric.Name + suffix] = WithInterval(trial.Metrics[metric.Name], perImage);
        }
        return entry with
        {
            Metrics = metrics,
            BitOperations = trial.Metrics[StudyMetric.BitOperations.Name],
            Pictures = hasPictures ? trial.Name : entry.Pictures,
        };
    }

    // The mean with a 95 % bootstrap interval over prompts; every entry uses the same draws.
    private static Measured WithInterval(double value, TrialArray? perImage)
    {
        if (perImage is null || perImage.Rows < 2)
            return new Measured(value);
        var random = new Pcg32(seed: 0);
        double[] means = new double[BootstrapDraws];
        for (int draw = 0; draw < means.Length; draw++)
        {
            for (int i = 0; i < perImage.Rows; i++)
                means[draw] += perImage.Values[random.Next(perImage.Rows)] / (double)perImage.Rows;
        }
        Array.Sort(means);
        return new Measured(value, means[(int)(0.025 * means.Length)], means[(int)(0.975 * means.Length)]);
    }
}

/// <summary>Plan entries after measurement.</summary>
/// <param name="Measured">Entries that were measured, in their original order.</param>
/// <param name="Open">Trials of the entries that could not be measured.</param>
internal sealed record MeasuredEntries(List<PlanEntry> Measured, UnfinishedTrials Open)
{
    /// <summary>The given entries, each replaced by its measured version if there is one.</summary>
    internal List<PlanEntry> Over(List<PlanEntry> entries) =>
        [.. entries.Select(entry => Measured.Find(again => again.Key == entry.Key) ?? entry)];
}
