namespace Qua2SeDiMo.Studies;

/// <summary>The requested trials that have no label.</summary>
/// <param name="Asked">Number of requested trials.</param>
/// <param name="Trials">Those that failed, were set aside, or are waiting or running, by number.</param>
/// <param name="Missing">Number of requested trials that are not in the study yet.</param>
internal sealed record UnfinishedTrials(int Asked, IReadOnlyList<Trial> Trials, int Missing)
{
    /// <summary>The option that retries failed and set-aside trials; every verb that labels trials has it.</summary>
    public const string RetryOption = "--retry-failed";

    private const int NamedAtMost = 5;

    /// <summary>Finds the unfinished trials of a study.</summary>
    /// <param name="trials">All trials of the study.</param>
    /// <param name="asked">Number of requested trials: those with lower numbers.</param>
    public static UnfinishedTrials Of(IReadOnlyList<Trial> trials, int asked)
    {
        Trial[] considered = [.. trials.Where(trial => trial.Number < asked)];
        return new UnfinishedTrials(
            asked,
            [.. considered.Where(trial => trial.State != TrialState.Complete)],
            asked - considered.Length
        );
    }

    /// <summary>Whether every requested trial has its label.</summary>
    public bool IsEmpty => Trials.Count == 0 && Missing == 0;

    /// <summary>Lists the trials and causes, and says what to do.</summary>
    public override string ToString() => Describe("The same command");

    /// <summary>Lists the trials and causes, and says what to do.</summary>
    /// <param name="command">Name of the command that labels trials, as the beginning of a sentence.</param>
    public string Describe(string command)
    {
        var sentences = new List<string> { $"{Trials.Count + Missing} of {Asked} trials have no label." };
        Add(TrialState.Failed, "failed");
        Add(TrialState.SetAside, "set aside");
        int open = Missing + Trials.Count(trial => trial.State is TrialState.Waiting or TrialState.Running);
        if (open > 0)
            sentences.Add($"{open} not begun or not finished. {command} continues them.");
        if (Trials.Any(trial => trial.State is TrialState.Failed or TrialState.SetAside))
            sentences.Add($"{command} with {RetryOption} takes failed and set-aside trials up again.");
        return string.Join(' ', sentences);

        void Add(TrialState state, string word)
        {
            Trial[] those = [.. Trials.Where(trial => trial.State == state)];
            if (those.Length == 0)
                return;
            IEnumerable<string> named = those
                .Take(NamedAtMost)
                .Select(trial => $"'{trial.Name}' (number {trial.Number}): {trial.Failure?.TrimEnd('.')}.");
            sentences.Add(
                $"{those.Length} {word}: "
                    + $"{string.Join(' ', named)}{(those.Length > NamedAtMost ? $" And {those.Length - NamedAtMost} more." : "")}"
            );
        }
    }
}
