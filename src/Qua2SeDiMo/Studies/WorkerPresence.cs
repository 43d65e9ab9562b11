namespace Qua2SeDiMo.Studies;

/// <summary>Whether a worker's process is there, as seen from the process that asks.</summary>
internal enum WorkerPresence
{
    /// <summary>Its process lives on this host, however long it has been silent: stopped, suspended, or under a clock
    /// that jumped.</summary>
    Here,

    /// <summary>It ran on this host and is not there any more.</summary>
    Gone,

    /// <summary>It runs, or ran, where this process cannot look: only its sign of life tells.</summary>
    Elsewhere,
}
