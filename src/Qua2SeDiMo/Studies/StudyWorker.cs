using System.Diagnostics;
using System.Globalization;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Studies;

/// <summary>A process that evaluates trials. Enough is known of it for others to see whether it still lives.</summary>
/// <param name="Host">Machine and, on Linux, process namespace: process numbers mean the same only within it.</param>
/// <param name="ProcessId">Number of the process.</param>
/// <param name="ProcessStart">Tells the process from a later one with the same number: on Linux the boot and the start
/// in clock ticks since then.</param>
/// <param name="Versions">Versions that made the result, by component.</param>
internal sealed record StudyWorker(
    string Host,
    int ProcessId,
    string ProcessStart,
    IReadOnlyDictionary<string, string> Versions
)
{
    // Fields of /proc/PID/stat behind the parenthesised name, counted from 0: state, and start in clock ticks since
    // boot.
    private const int StateField = 0;
    private const int StartField = 19;

    private const char BootMark = ' ';

    /// <summary>The current process.</summary>
    /// <param name="versions">Versions to record with each trial; null for none.</param>
    public static StudyWorker ThisProcess(IReadOnlyDictionary<string, string>? versions = null) =>
        new(
            CurrentHost,
            Environment.ProcessId,
            $"{CurrentBoot}{BootMark}{StartOf(Environment.ProcessId)}".Trim(),
            versions ?? new Dictionary<string, string>()
        );

    /// <summary>Whether its process is there.</summary>
    public WorkerPresence Presence()
    {
        if (Host != CurrentHost)
            return WorkerPresence.Elsewhere;
        int mark = ProcessStart.LastIndexOf(BootMark);
        // Another machine of the same name, or this one before its last start.
        if (mark >= 0 && ProcessStart[..mark] != CurrentBoot)
            return WorkerPresence.Elsewhere;
        return StartOf(ProcessId) == ProcessStart[(mark + 1)..] ? WorkerPresence.Here : WorkerPresence.Gone;
    }

    /// <summary>Its process in words.</summary>
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

    // Null if there is no such process; a killed one that its parent has not yet collected counts as gone.
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
