namespace Qua2SeDiMo.Studies;

/// <summary>Whether a worker's process is alive, as seen from the asking process.</summary>
internal enum WorkerPresence
{
    /// <summary>The process is alive on this host, however old its last heartbeat is: it may be stopped or suspended,
    /// or the clock may have jumped.</summary>
    Here,

    /// <summary>The process ran on this host and has ended.</summary>
    Gone,

    /// <summary>The process runs, or ran, on another host; only its heartbeats tell whether it is alive.</summary>
    Elsewhere,
}
