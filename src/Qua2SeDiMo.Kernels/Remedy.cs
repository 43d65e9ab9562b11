namespace Qua2SeDiMo;

/// <summary>What would make a thing that is missing, damaged or out of date. A program names its command for
/// it.</summary>
public enum Remedy
{
    /// <summary>Look at what the model folder holds: its weights, and what is not read.</summary>
    Inspect,

    /// <summary>Make the bank, or what it lacks.</summary>
    Bank,

    /// <summary>Measure.</summary>
    Measure,

    /// <summary>Label allocations, or go on with it.</summary>
    Study,

    /// <summary>Label more allocations than there are.</summary>
    MoreTrials,

    /// <summary>Fit to the labelled trials.</summary>
    Fit,

    /// <summary>Fit by the loss that was asked for.</summary>
    FitByLoss,

    /// <summary>Explain the fit.</summary>
    Explain,

    /// <summary>Explain with resampled trials.</summary>
    Bootstrap,

    /// <summary>Fit, then explain.</summary>
    FitAndExplain,

    /// <summary>Make plans.</summary>
    Plan,

    /// <summary>Make a plan of a certain size.</summary>
    PlanOfSize,

    /// <summary>Fit, explain, then make plans.</summary>
    FitExplainAndPlan,

    /// <summary>Pack the model.</summary>
    Pack,

    /// <summary>Write the report.</summary>
    Report,

    /// <summary>Run everything.</summary>
    Run,
}
