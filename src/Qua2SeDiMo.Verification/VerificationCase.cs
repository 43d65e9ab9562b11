namespace Qua2SeDiMo.Verification;

/// <summary>A reference case with its results.</summary>
/// <param name="Kind">Kind of the case: <c>architecture</c>, <c>scheduler</c>, <c>tokenizer</c> …</param>
/// <param name="Name">Name of its folder, or of its file without extension.</param>
/// <param name="Path">Path of the folder or file.</param>
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

/// <summary>The results of all cases that were found.</summary>
/// <param name="Cases">In the order in which they were found.</param>
/// <param name="Unknown">Folders and files without a reference case of a known kind.</param>
internal sealed record VerificationReport(IReadOnlyList<VerificationCase> Cases, IReadOnlyList<string> Unknown)
{
    /// <summary>Number of outputs within their tolerance.</summary>
    public int Passed => Cases.Sum(item => item.Results.Count(result => result.Passed));

    /// <summary>Number of outputs outside their tolerance and of cases that could not run.</summary>
    public int Failed => Cases.Sum(item => item.Results.Count(result => !result.Passed));
}
