using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;
using Qua2SeDiMo.Studies.Storage;

namespace Qua2SeDiMo.Labelling;

/// <summary>Split-half reliability of every metric of a study, from the per-image values that its trials
/// stored.</summary>
internal static class StudyReliability
{
    internal static IReadOnlyList<ObjectiveReliability> Measure(
        RunDirectory run,
        StudyOptions options,
        IReadOnlyList<Trial> complete
    )
    {
        if (complete.Count < SplitHalfReliability.MinTrials || options.ImageCount < SplitHalfReliability.MinImages)
            return [];
        using SqliteStudyStore store = RunStudy.Reader(run);
        double[] bits = [.. complete.Select(trial => trial.Metrics[StudyMetric.AverageBits.Name])];
        var result = new List<ObjectiveReliability>();
        // Made only if needed, and then once: its sums over all real images are expensive.
        var real = new Lazy<FeatureReference>(() => FeatureReference.Read(options.Scoring.ReferenceFeatures!));
        foreach (
            StudyMetric metric in StudyMetric.Quality.Where(metric =>
                complete.All(trial => trial.Metrics.ContainsKey(metric.Name))
            )
        )
        {
            bool isDistribution = FeatureReference.Metrics.Contains(metric);
            string name = isDistribution ? ImageScorer.ClipFeatures : metric.Name;
            IReadOnlyDictionary<int, TrialArray> stored = store.ReadArrays(name);
            int columns = isDistribution ? real.Value.Width : 1;
            TrialArray[] arrays =
            [
                .. complete.Select(trial =>
                    StoredTrials.Array(run.StudyDatabase, trial, stored, name, options.ImageCount, columns)
                ),
            ];
            result.Add(
                isDistribution
                    ? OfDistribution(metric, bits, arrays, real.Value)
                    : SplitHalfReliability.OfMean(metric.Name, bits, arrays)
            );
        }
        return result;
    }

    private static ObjectiveReliability OfDistribution(
        StudyMetric metric,
        double[] bits,
        TrialArray[] features,
        FeatureReference real
    ) =>
        SplitHalfReliability.Measure(
            metric.Name,
            bits,
            features[0].Rows,
            (trial, images) =>
            {
                float[] half = new float[images.Length * real.Width];
                for (int i = 0; i < images.Length; i++)
                    features[trial].Row(images[i]).CopyTo(half.AsSpan(i * real.Width));
                return real.Measure(metric, half);
            }
        );
}
