using Qua2SeDiMo.Studies.Objectives;
using Qua2SeDiMo.Studies.Sampling;

namespace Qua2SeDiMo.Studies.Storage;

/// <summary>Checks that the trials in a study file belong to this model and study, because the file may come from
/// elsewhere.</summary>
internal static class StoredTrials
{
    /// <summary>Checks each trial against what the study would propose for its number.</summary>
    /// <param name="path">The study file.</param>
    /// <param name="trials">Its trials.</param>
    /// <param name="sampler">Sampler of the study.</param>
    /// <param name="weightNames">Names of the model's quantizable weights.</param>
    /// <param name="seed">Seed of every trial.</param>
    /// <exception cref="StudyFileException">A trial has another allocation, name or seed than the study
    /// proposes.</exception>
    internal static void CheckProposals(
        string path,
        IReadOnlyList<Trial> trials,
        IAllocationSampler sampler,
        IReadOnlyCollection<string> weightNames,
        ulong seed
    )
    {
        int known = sampler switch
        {
            // Later trials follow from results; sampling them here would compute them.
            FrontAllocationSampler => FrontAllocationSampler.FirstCount,
            // A shared list grows in the order of its callers, so a trial's position in it is not known.
            ListedAllocationSampler { IsShared: true } => 0,
            _ => sampler.Count ?? int.MaxValue,
        };
        HashSet<string> weights = [.. weightNames];
        foreach (Trial trial in trials)
        {
            CheckAllocation(path, trial, weights);
            if (trial.Seed != seed)
                throw Wrong(path, trial, $"its seed is {trial.Seed}, that of the study {seed}");
            if (trial.Number >= known)
                continue;
            string name = sampler.NameOf(trial.Number);
            if (trial.Name != name)
                throw Wrong(path, trial, $"it is called '{trial.Name}', not '{name}'");
            if (trial.Allocation.Equals(sampler.Sample(trial.Number)))
                continue;
            throw Wrong(path, trial, $"its allocation is not the one that the study ({sampler.Description}) gives it");
        }
    }

    /// <summary>Checks that complete trials can be used by later stages: each has an option for every weight, and all
    /// have the same metrics.</summary>
    /// <exception cref="StudyFileException">An option or a metric is missing.</exception>
    internal static void CheckLabelled(
        string path,
        IReadOnlyList<Trial> complete,
        IReadOnlyCollection<string> weightNames
    )
    {
        CheckMetrics(path, complete);
        HashSet<string> weights = [.. weightNames];
        foreach (Trial trial in complete)
        {
            CheckAllocation(path, trial, weights);
            string? absent = weights.FirstOrDefault(name => trial.Allocation[name] is null);
            if (absent is not null)
                throw Wrong(path, trial, $"its allocation leaves out '{absent}'");
        }
    }

    /// <summary>Checks that complete trials of one study have every cost metric, none of them negative, and the same
    /// metrics.</summary>
    internal static void CheckMetrics(string path, IReadOnlyList<Trial> complete)
    {
        foreach (Trial trial in complete)
        {
            foreach (string name in StudyMetric.Cost.Select(metric => metric.Name).Concat(complete[0].Metrics.Keys))
            {
                if (!trial.Metrics.ContainsKey(name))
                    throw Wrong(path, trial, $"it is complete and has no metric '{name}'");
            }
            string? extra = trial.Metrics.Keys.FirstOrDefault(name => !complete[0].Metrics.ContainsKey(name));
            if (extra is not null)
            {
                throw Wrong(
                    path,
                    complete[0],
                    $"it is complete and has no metric '{extra}', which trial {trial.Number} has"
                );
            }
            StudyMetric? negative = StudyMetric.Cost.FirstOrDefault(metric => trial.Metrics[metric.Name] < 0);
            if (negative is null)
                continue;
            throw Wrong(
                path,
                trial,
                FormattableString.Invariant(
                    $"its metric '{negative.Name}' is {trial.Metrics[negative.Name]}, which cannot be"
                )
            );
        }
    }

    /// <summary>Returns a trial's stored values per image, [images, columns].</summary>
    /// <exception cref="StudyFileException">The values are missing or have another shape.</exception>
    internal static TrialArray Array(
        string path,
        Trial trial,
        IReadOnlyDictionary<int, TrialArray> stored,
        string name,
        int images,
        int columns
    )
    {
        TrialArray array =
            stored.GetValueOrDefault(trial.Number)
            ?? throw Wrong(path, trial, $"it is complete and has no values per image of '{name}'");
        if (array.Rows == images && array.Columns == columns)
            return array;
        throw Wrong(
            path,
            trial,
            $"its values per image of '{name}' are [{array.Rows}, {array.Columns}], expected [{images}, {columns}]"
        );
    }

    /// <summary>Returns the name of a trial for use as a folder name.</summary>
    /// <exception cref="StudyFileException">The name is not valid as the name of a folder.</exception>
    internal static string FolderName(string path, Trial trial) =>
        trial.Name is not ("" or "." or "..") && trial.Name.IndexOfAny(Path.GetInvalidFileNameChars()) < 0
            ? trial.Name
            : throw Wrong(path, trial, "its name cannot be that of a folder");

    private static void CheckAllocation(string path, Trial trial, HashSet<string> weights)
    {
        string? unknown = trial.Allocation.Specs.Keys.FirstOrDefault(name => !weights.Contains(name));
        if (unknown is null)
            return;
        throw Wrong(path, trial, $"its allocation names '{unknown}', which is no quantizable weight of this model");
    }

    private static StudyFileException Wrong(string path, Trial trial, string what) =>
        new(
            $"{path}: trial {trial.Number} ('{trial.Name}'): {what}. The file was changed by another program, or belongs to another model. "
                + StudyFileException.MakeAgain
        );
}
