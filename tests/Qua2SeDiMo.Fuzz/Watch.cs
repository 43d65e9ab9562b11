namespace Qua2SeDiMo.Fuzz;

/// <summary>Ends the program when one input takes longer than a minute: a hanging reader is a finding, too.</summary>
internal sealed class Watch : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private readonly Timer timer;
    private long seen = -1;

    internal Watch(FuzzRun run, string reader, string findings) =>
        timer = new Timer(
            _ =>
            {
                if (run.Inputs != seen)
                {
                    seen = run.Inputs;
                    return;
                }
                string saved = Corpus.Save(findings, new Finding(reader, "never", run.Current!), 999);
                Environment.FailFast($"{reader} does not come back from {saved}.");
            },
            null,
            Longest,
            Longest
        );

    public void Dispose() => timer.Dispose();
}
