using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Reports;

/// <summary>The data of a trial that a report uses; allocation, process and times are left out.</summary>
/// <param name="Number">Number of the trial, from 0.</param>
/// <param name="Objective">Value of the objective; larger is better.</param>
/// <param name="Metrics">Values by metric key.</param>
internal sealed record TrialData(int Number, double Objective, IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>AverageBits of the trial's allocation.</summary>
    internal double AverageBits => Metrics[StudyMetric.AverageBits.Name];

    /// <summary>The data of a complete trial.</summary>
    /// <exception cref="UnknownObjectiveException">The trial lacks the metric of the objective.</exception>
    public static TrialData Of(Trial trial, Objective objective)
    {
        ArgumentNullException.ThrowIfNull(trial);
        ArgumentNullException.ThrowIfNull(objective);
        return new TrialData(trial.Number, objective.Of(trial), trial.Metrics);
    }
}
