using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;
using Qua2SeDiMo.Studies.Sampling;

namespace Qua2SeDiMo.Labelling;

/// <summary>Proposes the next allocations of a study near its predicted front of quality against size.</summary>
internal static class FrontRound
{
    /// <summary>Proposes the round that begins at trial <paramref name="start"/>, from all trials before it. These must
    /// be finished; the runner waits for other workers before it starts a round.</summary>
    internal static IReadOnlyList<BitAllocation> Propose(
        OpenModel model,
        RunDirectory run,
        StudyOptions options,
        int start,
        CancellationToken cancellationToken
    )
    {
        Objective objective = options.FrontObjective is { } name
            ? new Objective(StudyMetric.OfQuality(name))
            : MostReliable(run, options);
        TrainingSet study = StudyTrials.Read(model, run, objective, start).Training;
        IReadOnlyList<int[]> proposals = FrontCandidates.Propose(
            study.Features,
            study.Trials,
            FrontAllocationSampler.RoundCount,
            options.SamplerSeed + (ulong)start,
            cancellationToken
        );
        var space = new AllocationSpace(model.Weights, model.OriginalBits);
        Dictionary<string, int> place = study
            .WeightNames.Select((weight, w) => (weight, w))
            .ToDictionary(pair => pair.weight, pair => pair.w, StringComparer.Ordinal);
        return
        [
            .. proposals.Select(chosen =>
                space.Allocation([.. space.WeightNames.Select(weight => chosen[place[weight]])])
            ),
        ];
    }

    // Only the random trials are used, so that every round and every machine chooses the same objective.
    private static Objective MostReliable(RunDirectory run, StudyOptions options)
    {
        bool IsFirst(Trial trial) =>
            trial.Number < FrontAllocationSampler.FirstCount && trial.State == TrialState.Complete;
        Trial[] first = [.. RunStudy.Trials(run).Where(IsFirst)];
        IReadOnlyList<ObjectiveReliability> reliabilities = StudyReliability.Measure(run, options, first);
        return reliabilities.Count > 0 ? Objective.MostReliable(reliabilities) : new Objective(StudyMetric.Psnr);
    }
}
