using System.Globalization;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Stages;

/// <summary>
/// Measures the allocations of plans by images. All of them, of every call, are trials of one study per settings: an allocation that was measured before, for
/// another size or by another proposer, costs nothing again.
/// </summary>
internal static class PlanVerification
{
    private const int BootstrapDraws = 1000;
    private const int FingerprintLength = 12;

    /// <summary>The entries with their metrics.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory.</param>
    /// <param name="options">Prompts, seeds, steps.</param>
    /// <param name="entries">Allocations; equal ones are measured once.</param>
    /// <param name="suffix">Added to the names of the metrics.</param>
    /// <param name="pictures">Folder for pictures; null keeps none.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellationToken">Stops between steps; measured allocations stay.</param>
    internal static List<PlanEntry> Measure(LoadedModel model, RunDirectory run, StudyOptions options, IReadOnlyList<PlanEntry> entries, string suffix, string? pictures,
        IProgress<StageProgress>? progress, CancellationToken cancellationToken)
    {
        string study = $"verified-{options.ToSettings(model, "").Fingerprint[..FingerprintLength]}{suffix}";
        List<(string Name, BitAllocation Allocation)> listed = Known(run, options, model, study);
        foreach (PlanEntry entry in entries)
        {
            if (!listed.Exists(known => known.Allocation.Equals(entry.Allocation))) listed.Add((Unused(entry.Key, listed), entry.Allocation));
        }
        IReadOnlyList<Trial> trials = StudyStage.RunListed(model, run, options, listed, study, pictures, "plans", progress, cancellationToken);
        return SqliteStudyStore.Open(run.StudyDatabase, TimeProvider.System, study).Use<List<PlanEntry>>(store =>
        {
            Dictionary<string, IReadOnlyDictionary<int, TrialArray>> arrays = StudyMetric.Quality.ToDictionary(
                metric => metric.Name, metric => store.ReadArraysAsync(metric.Name, cancellationToken).GetAwaiter().GetResult());
            return [.. entries.Select(entry => WithMetrics(entry, Find(entry, trials), arrays, suffix, pictures is not null) with { ActivationBits = options.ActivationBits })];
        });
    }

    // A study of these settings may not be there yet.
    private static List<(string, BitAllocation)> Known(RunDirectory run, StudyOptions options, LoadedModel model, string study) =>
        SqliteStudyStore.OpenOrCreate(run.StudyDatabase, options.ToSettings(model, "plans"), TimeProvider.System, study).Use<List<(string, BitAllocation)>>(store =>
            [.. store.ListAsync().GetAwaiter().GetResult().OrderBy(trial => trial.Number).Select(trial => (trial.Name, trial.Allocation))]);

    private static string Unused(string key, List<(string Name, BitAllocation Allocation)> listed)
    {
        string name = key;
        for (int i = 2; listed.Exists(known => known.Name == name); i++) name = string.Create(CultureInfo.InvariantCulture, $"{key}~{i}");
        return name;
    }

    private static Trial Find(PlanEntry entry, IReadOnlyList<Trial> trials)
    {
        Trial? trial = trials.FirstOrDefault(trial => trial.Allocation.Equals(entry.Allocation));
        if (trial is { State: TrialState.Complete }) return trial;
        throw new ModelFolderException($"{entry.Label}: could not be verified: {trial?.Failure ?? "another process verifies other plans of this run; run `q2 plan` again when it is done."}");
    }

    private static PlanEntry WithMetrics(PlanEntry entry, Trial trial, Dictionary<string, IReadOnlyDictionary<int, TrialArray>> arrays, string suffix, bool hasPictures)
    {
        var metrics = new Dictionary<string, Measured>(entry.Metrics);
        foreach (StudyMetric metric in StudyMetric.Quality.Where(metric => trial.Metrics.ContainsKey(metric.Name)))
        {
            metrics[metric.Name + suffix] = WithInterval(trial.Metrics[metric.Name], arrays[metric.Name].GetValueOrDefault(trial.Number));
        }
        double? operations = trial.Metrics.TryGetValue(StudyMetric.BitOperations.Name, out double counted) ? counted : null;
        return entry with { Metrics = metrics, BitOperations = operations, Pictures = hasPictures ? trial.Name : entry.Pictures };
    }

    // 95 % of bootstrap means over prompts; the same draws for every entry.
    private static Measured WithInterval(double value, TrialArray? perImage)
    {
        if (perImage is null || perImage.Rows < 2) return new Measured(value);
        var random = new Pcg32(seed: 0);
        double[] means = new double[BootstrapDraws];
        for (int draw = 0; draw < means.Length; draw++)
        {
            for (int i = 0; i < perImage.Rows; i++) means[draw] += perImage.Values[random.Next(perImage.Rows)] / (double)perImage.Rows;
        }
        Array.Sort(means);
        return new Measured(value, means[(int)(0.025 * means.Length)], means[(int)(0.975 * means.Length)]);
    }
}
