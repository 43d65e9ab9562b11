namespace Qua2SeDiMo.Stages;

/// <summary>Thrown when a stage cannot run, for reasons found before it started; nothing was written.</summary>
internal sealed class PreflightException : Q2Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="problems">All problems, at least one.</param>
    public PreflightException(IReadOnlyList<string> problems)
        : base(Text(problems)) => Problems = problems;

    /// <summary>All problems.</summary>
    public IReadOnlyList<string> Problems { get; }

    private static string Text(IReadOnlyList<string> problems)
    {
        ArgumentNullException.ThrowIfNull(problems);
        if (problems.Count == 1)
            return problems[0];
        return $"{problems.Count} problems:{string.Concat(problems.Select(problem => $"\n  - {problem}"))}";
    }
}
