namespace Qua2SeDiMo.Storage;

/// <summary>Reasons why a file cannot be read or written.</summary>
internal enum StorageFault
{
    /// <summary>No space is left.</summary>
    DiskFull,

    /// <summary>The user's disk quota is used up.</summary>
    QuotaExceeded,

    /// <summary>The file or its file system is read-only.</summary>
    ReadOnly,

    /// <summary>The user lacks the permission.</summary>
    NoPermission,

    /// <summary>The file or its folder does not exist, or no longer exists.</summary>
    Missing,

    /// <summary>The disk or the connection to it failed.</summary>
    DeviceError,

    /// <summary>Another process has locked the file.</summary>
    Busy,

    /// <summary>The process has too many files open.</summary>
    TooManyOpenFiles,

    /// <summary>No memory is left.</summary>
    OutOfMemory,

    /// <summary>Another reason, which the message states in the system's words.</summary>
    Other,
}
