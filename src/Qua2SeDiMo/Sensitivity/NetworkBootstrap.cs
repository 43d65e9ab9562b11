using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>
/// Scores of a network trained on trials drawn with replacement; the trials not drawn give its hop weights. The spread
/// over resamples includes the randomness of training (each has another seed) as well as that of the trials.
/// </summary>
internal static class NetworkBootstrap
{
    private const int MinLeftOut = 3;

    /// <summary>Scores of single weights by the network of one resample.</summary>
    /// <param name="study">Graph, options, labels.</param>
    /// <param name="rows">The study's trials as rows.</param>
    /// <param name="options">Training options of the network.</param>
    /// <param name="resample">Index of the resample; an index always draws the same trials.</param>
    /// <param name="cancellationToken">Cancels between epochs.</param>
    /// <returns>Scores, [weight · options + option].</returns>
    public static double[] Scores(
        TrainingSet study,
        StudyRows rows,
        PredictorOptions options,
        int resample,
        CancellationToken cancellationToken
    )
    {
        int count = study.Trials.Count;
        var random = new Pcg32(options.Seed, (ulong)resample + 1000);
        int[] drawn = [.. Enumerable.Range(0, count).Select(_ => random.Next(count))];
        int[] left = [.. Enumerable.Range(0, count).Except(drawn)];
        using Predictor predictor = PredictorTrainer.Train(
            study,
            rows,
            drawn,
            options with
            {
                Seed = options.Seed + 1000 + (ulong)resample,
            },
            null,
            cancellationToken: cancellationToken
        );
        if (left.Length < MinLeftOut)
            Array.Fill(predictor.HopWeight, 1);
        else
        {
            PredictorOutput output = predictor.Predict(rows, left);
            TargetScale scale = TargetScale.Relevance([.. drawn.Select(t => study.Trials[t].Target)]);
            double[] labels = [.. left.Select(t => study.Trials[t].Target)],
                relevances = [.. labels.Select(scale.Apply)];
            for (int m = 0; m < PredictorTopology.HopCount; m++)
            {
                double[] norms = [.. output.HopNorms[m]];
                predictor.HopWeight[m] = CrossValidation.HopWeight(
                    predictor.Loss,
                    RankStatistics.Spearman(norms, labels),
                    RankStatistics.Ndcg(relevances, norms)
                );
            }
        }
        return new HopScores(study.Topology, study.Features).Operations(predictor);
    }
}
