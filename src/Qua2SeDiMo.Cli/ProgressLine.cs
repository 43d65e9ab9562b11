using Spectre.Console;

namespace Qua2SeDiMo.Cli;

/// <summary>
/// Shows stage progress on standard error: on a terminal one rewritten line with a bar and the remaining time,
/// otherwise a plain line every ten seconds. The remaining time follows from the work done since this process began the
/// stage; work of earlier processes is not counted.
/// </summary>
internal sealed class ProgressLine(IAnsiConsole console, TimeProvider time, bool quiet)
    : IProgress<StageProgress>,
        IDisposable
{
    private const int BarWidth = 24;
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TerminalInterval = TimeSpan.FromMilliseconds(100);
    private readonly Lock gate = new();
    private string stage = "";
    private long stageStart;
    private double doneAtStart;
    private long lastShown;
    private bool lineOpen;
    private StageProgress latest;

    public void Report(StageProgress value)
    {
        if (quiet)
            return;
        lock (gate)
        {
            bool terminal = console.Profile.Out.IsTerminal;
            if (value.Stage != stage)
                Begin(value, terminal);
            latest = value;
            bool finished = value.Total > 0 && value.Done >= value.Total;
            TimeSpan interval = terminal ? TerminalInterval : PlainInterval;
            if (!finished && time.GetElapsedTime(lastShown) < interval)
                return;
            // Stages shorter than two seconds get no line in a log.
            if (finished && !terminal && time.GetElapsedTime(stageStart) < TimeSpan.FromSeconds(2))
                return;
            lastShown = time.GetTimestamp();
            Show(value, terminal);
        }
    }

    public void Dispose()
    {
        lock (gate)
            CloseLine();
    }

    private void Begin(StageProgress value, bool terminal)
    {
        if (lineOpen && terminal)
            Show(latest, terminal);
        CloseLine();
        stage = value.Stage;
        stageStart = time.GetTimestamp();
        lastShown = terminal ? 0 : stageStart;
        doneAtStart = value.Done;
    }

    private void Show(StageProgress value, bool terminal)
    {
        string text = Describe(value);
        if (terminal)
        {
            int width = Math.Max(20, console.Profile.Width - 1);
            if (text.Length > width)
                text = text[..width];
            Console.Error.Write("\r\u001b[2K" + text);
            lineOpen = true;
        }
        else
        {
            Console.Error.WriteLine(text);
        }
    }

    private string Describe(StageProgress value)
    {
        TimeSpan elapsed = time.GetElapsedTime(stageStart);
        if (value.Total <= 0)
            return $"{value.Stage} … {Format(elapsed)} {value.Detail}";
        double share = Math.Clamp(value.Done / value.Total, 0, 1);
        int filled = (int)(share * BarWidth);
        double sinceStart = value.Done - doneAtStart;
        string left =
            share >= 1 ? $"{Format(elapsed)} in all"
            : sinceStart > 0 ? $"{Format(elapsed * ((value.Total - value.Done) / sinceStart))} left"
            : "time left unknown";
        string count =
            value.Total == Math.Floor(value.Total) && value.Total < 1e7
                ? $"{Math.Floor(value.Done)}/{value.Total}"
                : "";
        return (
            $"{value.Stage} [{new string('#', filled)}{new string('.', BarWidth - filled)}] {share, 4:P0} {count} "
            + $"{left} {value.Detail}"
        ).TrimEnd();
    }

    private void CloseLine()
    {
        if (lineOpen)
            Console.Error.WriteLine();
        lineOpen = false;
    }

    private static string Format(TimeSpan span) =>
        span.TotalHours >= 1 ? $"{(int)span.TotalHours} h {span.Minutes:00} min"
        : span.TotalMinutes >= 1 ? $"{span.Minutes} min {span.Seconds:00} s"
        : $"{span.TotalSeconds:0} s";
}
