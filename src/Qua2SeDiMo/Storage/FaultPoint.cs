using System.Diagnostics;
using System.Globalization;

namespace Qua2SeDiMo.Storage;

/// <summary>A step that changes the content of a disk.</summary>
internal enum StorageStep
{
    /// <summary>Create a folder.</summary>
    MakeFolder,

    /// <summary>Create a temporary file beside its destination, or a lock file.</summary>
    CreateFile,

    /// <summary>Flush a finished file to the disk.</summary>
    Flush,

    /// <summary>Rename a file or folder to its destination, or the old one away from it.</summary>
    Rename,

    /// <summary>Delete a file or folder.</summary>
    Delete,

    /// <summary>Commit a transaction of the study database.</summary>
    Commit,
}

/// <summary>
/// Injects faults to test the guarantees of docs/reliability.md. Every step that changes the disk calls
/// <see cref="Reach"/> first. With the variable <c>Q2_FAULT</c>, <c>kill@7</c> kills the process before the seventh
/// step; <c>full@7</c> makes that step and all later ones but deletions fail as on a full disk; <c>denied@7</c> makes
/// that step and all later ones fail as on a disk that cannot be written. <c>Q2_FAULT_LOG</c> names a file to which
/// every step appends a line. Without these variables nothing happens.
/// </summary>
internal static class FaultPoint
{
    /// <summary>Name of the variable that injects a fault.</summary>
    internal const string Variable = "Q2_FAULT";

    /// <summary>Name of the variable that names the log of steps.</summary>
    internal const string LogVariable = "Q2_FAULT_LOG";

    private const int NoSpace = 28,
        AccessDenied = 13;
    private const string Kill = "kill",
        Full = "full",
        Denied = "denied";
    private static readonly (string Kind, int Number)? Armed = Parse(Environment.GetEnvironmentVariable(Variable));
    private static readonly string? Log = Environment.GetEnvironmentVariable(LogVariable);
    private static readonly Lock Gate = new();
    private static int count;

    /// <summary>Returns, or fails as the variable states.</summary>
    /// <param name="step">The step that follows.</param>
    /// <param name="path">File or folder of the step.</param>
    /// <exception cref="IOException">A full disk is simulated.</exception>
    /// <exception cref="UnauthorizedAccessException">A disk that cannot be written is simulated.</exception>
    internal static void Reach(StorageStep step, string path)
    {
        if (Armed is null && Log is null)
            return;
        int reached;
        lock (Gate)
        {
            reached = ++count;
            if (Log is not null)
                File.AppendAllText(Log, string.Create(CultureInfo.InvariantCulture, $"{reached} {step} {path}\n"));
        }
        switch (Armed)
        {
            case (Kill, int number) when reached == number:
                using (Process self = Process.GetCurrentProcess())
                    self.Kill();
                throw new InvalidOperationException("The process was killed and goes on.");
            case (Full, int number) when reached >= number && step != StorageStep.Delete:
                throw new IOException($"No space left on device : '{path}'", NoSpace);
            case (Denied, int number) when reached >= number:
                throw new UnauthorizedAccessException(
                    $"Access to the path '{path}' is denied.",
                    new IOException("Permission denied", AccessDenied)
                );
            case ("", _):
                throw new StorageException(
                    StorageFault.Other,
                    $"{Variable} is '{Environment.GetEnvironmentVariable(Variable)}'; '{Kill}@N', '{Full}@N' or '{Denied}@N' is expected."
                );
        }
    }

    // An empty kind stands for a value that cannot be parsed.
    private static (string Kind, int Number)? Parse(string? fault)
    {
        if (string.IsNullOrEmpty(fault))
            return null;
        return
            fault.Split('@') is [Kill or Full or Denied, string digits]
            && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && number > 0
            ? (fault[..fault.IndexOf('@', StringComparison.Ordinal)], number)
            : ("", 0);
    }
}
