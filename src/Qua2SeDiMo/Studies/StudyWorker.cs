using System.Diagnostics;
using System.Globalization;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Studies;

/// <summary>A process that evaluates trials, described so that other processes can check whether it is still
/// alive.</summary>
/// <param name="Host">Name of the machine and, on Linux, its PID namespace; process ids are comparable only within
/// it.</param>
/// <param name="ProcessId">Process id.</param>
/// <param name="ProcessStart">Start of the process, to distinguish it from a later one with the same id: on Linux, the
/// boot id and the start in clock ticks since boot.</param>
/// <param name="Versions">Versions by component, recorded with each trial.</param>
internal sealed record StudyWorker(
    string Host,
    int ProcessId,
    string ProcessStart,
    IReadOnlyDictionary<string, string> Versions
)
{
    // Indices, from 0, of the fields of /proc/PID/stat after the parenthesised name: state, and start in clock ticks
    // since boot.
    private const int StateField = 0;
    private const int StartField = 19;

    private const char BootMark = ' ';

    /// <summary>Describes the current process.</summary>
    /// <param name="versions">Versions to record with each trial; null for none.</param>
    public static StudyWorker ThisProcess(IReadOnlyDictionary<string, string>? versions = null) =>
        new(
            CurrentHost,
            Environment.ProcessId,
            $"{CurrentBoot}{BootMark}{StartOf(Environment.ProcessId)}".Trim(),
            versions ?? new Dictionary<string, string>()
        );

    /// <summary>Whether the worker's process is alive, as seen from this process.</summary>
    public WorkerPresence Presence()
    {
        if (Host != CurrentHost)
            return WorkerPresence.Elsewhere;
        int mark = ProcessStart.LastIndexOf(BootMark);
        // The process ran on another machine of the same name, or on this one before its last boot.
        if (mark >= 0 && ProcessStart[..mark] != CurrentBoot)
            return WorkerPresence.Elsewhere;
        return StartOf(ProcessId) == ProcessStart[(mark + 1)..] ? WorkerPresence.Here : WorkerPresence.Gone;
    }

    /// <summary>Process id and host, for messages.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"process {ProcessId} on {Host.Split(BootMark)[0]}");

    private static string CurrentHost { get; } = FindHost();

    private static string CurrentBoot { get; } = FindBoot();

    private static string FindHost()
    {
        var link = new FileInfo("/proc/self/ns/pid");
        string? processNamespace = OperatingSystem.IsLinux() ? link.LinkTarget : null;
        return processNamespace is null ? Environment.MachineName : $"{Environment.MachineName} {processNamespace}";
    }

    private static string FindBoot()
    {
        const string Source = "/proc/sys/kernel/random/boot_id";
        try
        {
            return File.Exists(Source) ? File.ReadAllText(Source).Trim() : "";
        }
        catch (Exception error) when (StorageException.Explains(error))
        {
            return "";
        }
    }

    // Null if there is no such process; a zombie counts as ended.
    private static string? StartOf(int processId)
    {
        try
        {
            if (!OperatingSystem.IsLinux())
            {
                using Process process = Process.GetProcessById(processId);
                return process.StartTime.ToUniversalTime().Ticks.ToString(CultureInfo.InvariantCulture);
            }
            string stat = File.ReadAllText($"/proc/{processId}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[StateField] is "Z" or "X" ? null : fields[StartField];
        }
        catch (Exception error)
            when (StorageException.Explains(error) || error is ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }
}
