using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Reports;

/// <summary>What a report shows of a trial. Its allocation, process and times stay in the study.</summary>
/// <param name="Number">Number, from 0.</param>
/// <param name="Objective">Value of the objective, larger is better.</param>
/// <param name="Metrics">Metric key to value.</param>
internal sealed record TrialData(int Number, double Objective, IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>AverageBits of its allocation.</summary>
    internal double AverageBits => Metrics[StudyMetric.AverageBits.Name];

    /// <summary>A labelled trial.</summary>
    /// <exception cref="UnknownObjectiveException">It does not have the metric of the objective.</exception>
    public static TrialData Of(Trial trial, Objective objective)
    {
        ArgumentNullException.ThrowIfNull(trial);
        ArgumentNullException.ThrowIfNull(objective);
        return new TrialData(trial.Number, objective.Of(trial), trial.Metrics);
    }
}
