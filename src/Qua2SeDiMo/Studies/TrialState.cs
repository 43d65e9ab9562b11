namespace Qua2SeDiMo.Studies;

/// <summary>State of a trial. Waiting → Running → Complete, Pruned, Failed or SetAside; a lost or released lease leads
/// back to Waiting.</summary>
public enum TrialState
{
    /// <summary>Proposed, not begun.</summary>
    Waiting,

    /// <summary>Leased by a worker.</summary>
    Running,

    /// <summary>Evaluated; its metrics are final.</summary>
    Complete,

    /// <summary>Given up early by the objective; its metrics cover the part that ran.</summary>
    Pruned,

    /// <summary>Its own allocation cannot be evaluated (<see cref="TrialFault"/>).</summary>
    Failed,

    /// <summary>Its process died too often in a row. Nothing says that the trial caused it.</summary>
    SetAside,
}
