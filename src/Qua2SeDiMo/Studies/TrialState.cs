namespace Qua2SeDiMo.Studies;

/// <summary>State of a trial. Waiting → Running → Complete, Failed or SetAside; a trial whose lease is lost or
/// released is Waiting again.</summary>
public enum TrialState
{
    /// <summary>Proposed, not started.</summary>
    Waiting,

    /// <summary>Leased by a worker.</summary>
    Running,

    /// <summary>Evaluated; its metrics are final.</summary>
    Complete,

    /// <summary>Its allocation cannot be evaluated (<see cref="TrialFault"/>).</summary>
    Failed,

    /// <summary>Its process died too often in a row; whether the trial caused it is unknown.</summary>
    SetAside,
}
