namespace Qua2SeDiMo;

/// <summary>The step that creates what is missing, damaged or out of date. A program adds the name of its command for
/// the step to the message.</summary>
public enum Remedy
{
    /// <summary>Look at what the model folder holds: its weights, and the files that are not read.</summary>
    Inspect,

    /// <summary>Create the bank, or the parts that it lacks.</summary>
    Bank,

    /// <summary>Measure the sensitivity of each weight.</summary>
    Measure,

    /// <summary>Label allocations, or continue an interrupted study.</summary>
    Study,

    /// <summary>Label more allocations than there are.</summary>
    MoreTrials,

    /// <summary>Fit predictors to the labelled trials.</summary>
    Fit,

    /// <summary>Fit predictors with the requested loss.</summary>
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
