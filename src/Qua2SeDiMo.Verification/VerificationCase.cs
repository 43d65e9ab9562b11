namespace Qua2SeDiMo.Verification;

/// <summary>One reference case that was run.</summary>
/// <param name="Kind">What it checks: <c>architecture</c>, <c>scheduler</c>, <c>tokenizer</c> …</param>
/// <param name="Name">Its folder or file without extension.</param>
/// <param name="Path">Where it lies.</param>
/// <param name="Seconds">Wall time.</param>
/// <param name="Results">One per compared output; never empty.</param>
internal sealed record VerificationCase(
    string Kind,
    string Name,
    string Path,
    double Seconds,
    IReadOnlyList<VerificationResult> Results
)
{
    /// <summary>Whether every output passed.</summary>
    public bool Passed => Results.All(result => result.Passed);
}

/// <summary>All cases that were found and run.</summary>
/// <param name="Cases">In the order in which they were found.</param>
/// <param name="Unknown">Folders and files that hold no reference case of a kind that this version knows.</param>
internal sealed record VerificationReport(IReadOnlyList<VerificationCase> Cases, IReadOnlyList<string> Unknown)
{
    /// <summary>Outputs within their tolerance.</summary>
    public int Passed => Cases.Sum(item => item.Results.Count(result => result.Passed));

    /// <summary>Outputs outside of it, and cases that could not run.</summary>
    public int Failed => Cases.Sum(item => item.Results.Count(result => !result.Passed));
}
