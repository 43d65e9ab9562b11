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
/// Measures the allocations of plans by images. All of them, of every call, are trials of one study per settings: an
/// allocation that was measured before, for another size or by another proposer, costs nothing again.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="run">The run directory.</param>
/// <param name="progress">Told of every step.</param>
/// <param name="cancellationToken">Stops between steps; measured allocations stay.</param>
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

    /// <summary>What could not be measured so far, in words.</summary>
    internal IReadOnlyList<string> Unverified => unverified;

    /// <summary>The entries with their metrics on the study's prompts, and pictures.</summary>
    /// <param name="options">Prompts, seeds, steps.</param>
    /// <param name="entries">Allocations; equal ones are measured once.</param>
    /// <param name="words">What they are measured by.</param>
    internal MeasuredEntries Measure(StudyOptions options, IReadOnlyList<PlanEntry> entries, string words) =>
        Measure(options, entries, "", run.Images, words);

    /// <summary>Measured entries with their metrics on fresh prompts as well, where those could be measured.</summary>
    internal IReadOnlyList<PlanEntry> OnFreshPrompts(StudyOptions options, MeasuredEntries measured, string words) =>
        Measure(options.OnFreshPrompts(), measured.Measured, PlanEntry.FreshSuffix, null, words)
            .Over(measured.Measured);

    private MeasuredEntries Measure(
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

    // The trial of each entry, by its key. Another process may add its own plans to the same study meanwhile; then the
    // list is made again.
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

    // A study of these settings may not be there yet. Names become folders of pictures.
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

    // 95 % of bootstrap means over prompts; the same draws for every entry.
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

/// <summary>Entries of plans after their measurement.</summary>
/// <param name="Measured">With metrics, in their order.</param>
/// <param name="Open">The trials of the others.</param>
internal sealed record MeasuredEntries(List<PlanEntry> Measured, UnfinishedTrials Open)
{
    /// <summary>Entries with what was measured of them here, or as they were.</summary>
    internal List<PlanEntry> Over(List<PlanEntry> entries) =>
        [.. entries.Select(entry => Measured.Find(again => again.Key == entry.Key) ?? entry)];
}
