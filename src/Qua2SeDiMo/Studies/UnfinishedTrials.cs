namespace Qua2SeDiMo.Studies;

/// <summary>Those of the trials asked for that have no label.</summary>
/// <param name="Asked">Trials asked for.</param>
/// <param name="Trials">Failed, set aside, waiting or running ones, by number.</param>
/// <param name="Missing">Trials that were not even begun.</param>
internal sealed record UnfinishedTrials(int Asked, IReadOnlyList<Trial> Trials, int Missing)
{
    /// <summary>The option that takes failed and set-aside trials up again; every verb that labels has it.</summary>
    public const string RetryOption = "--retry-failed";

    private const int NamedAtMost = 5;

    /// <summary>Finds them.</summary>
    /// <param name="trials">All trials of the study.</param>
    /// <param name="asked">Trials asked for: those with lower numbers.</param>
    public static UnfinishedTrials Of(IReadOnlyList<Trial> trials, int asked)
    {
        Trial[] considered = [.. trials.Where(trial => trial.Number < asked)];
        return new UnfinishedTrials(
            asked,
            [.. considered.Where(trial => trial.State is not (TrialState.Complete or TrialState.Pruned))],
            asked - considered.Length
        );
    }

    /// <summary>Whether every trial asked for has its label.</summary>
    public bool IsEmpty => Trials.Count == 0 && Missing == 0;

    /// <summary>Which they are, why, and what to do.</summary>
    public override string ToString() => Describe("The same command");

    /// <summary>Which they are, why, and what to do.</summary>
    /// <param name="command">What labels them, at the beginning of a sentence.</param>
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
