using System.Diagnostics;
using System.Globalization;

namespace Qua2SeDiMo.Storage;

/// <summary>What the program is about to do to a disk.</summary>
internal enum StorageStep
{
    /// <summary>Make a folder.</summary>
    MakeFolder,

    /// <summary>Make the file that a result is written to, beside its place.</summary>
    CreateFile,

    /// <summary>Flush a finished file to the disk.</summary>
    Flush,

    /// <summary>Rename a file or folder to its place, or out of the way.</summary>
    Rename,

    /// <summary>Delete a file or folder.</summary>
    Delete,

    /// <summary>Commit a transaction of the study database.</summary>
    Commit,
}

/// <summary>
/// The moments at which a crash or a refusing disk can do harm: every step that changes what is on the disk passes here
/// first. The variable <c>Q2_FAULT</c> makes one of them fail, which is how docs/reliability.md is tested:
/// <c>kill@7</c> kills the process before the seventh step, <c>full@7</c> and <c>denied@7</c> make that step and all
/// that follow it fail as a full or read-only disk does. <c>Q2_FAULT_LOG</c> names a file that gets a line for each
/// step. Without the variables nothing happens.
/// </summary>
internal static class FaultPoint
{
    /// <summary>Name of the variable that arms a fault.</summary>
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

    /// <summary>Passes, or fails as the variable asks.</summary>
    /// <param name="step">What comes next.</param>
    /// <param name="path">To what.</param>
    /// <exception cref="IOException">The fault is a full disk.</exception>
    /// <exception cref="UnauthorizedAccessException">The fault is a disk that takes no writes.</exception>
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

    // A fault without a name means a value that cannot be parsed.
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
