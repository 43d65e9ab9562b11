namespace Qua2SeDiMo.Storage;

/// <summary>What kept a file from being read or written.</summary>
internal enum StorageFault
{
    /// <summary>No space is left.</summary>
    DiskFull,

    /// <summary>The user's share of the disk is used up.</summary>
    QuotaExceeded,

    /// <summary>The file, or the file system that it is on, takes no writes.</summary>
    ReadOnly,

    /// <summary>The user may not do this.</summary>
    NoPermission,

    /// <summary>The file or its folder is not there, or not there any more.</summary>
    Missing,

    /// <summary>The disk or the way to it failed.</summary>
    DeviceError,

    /// <summary>Another process keeps the file to itself.</summary>
    Busy,

    /// <summary>The process has too many files open.</summary>
    TooManyOpenFiles,

    /// <summary>No memory is left.</summary>
    OutOfMemory,

    /// <summary>Another reason, which the message gives in the system's words.</summary>
    Other,
}
