using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Runs;

/// <summary>Results of a run directory do not belong to what they are to be used with.</summary>
internal sealed class RunIdentityException : Q2Exception
{
    private const int MaxDifferences = 6;

    private RunIdentityException(string message, Exception? inner = null)
        : base(message, inner) { }

    /// <summary>The directory holds results of another model, or of this one as it was before.</summary>
    /// <param name="run">The run directory.</param>
    /// <param name="recorded">Folder of the model that its results are of.</param>
    /// <param name="given">Folder of the model that was given.</param>
    /// <param name="differences">What differs, in words.</param>
    internal static RunIdentityException OtherModel(
        RunDirectory run,
        string recorded,
        string given,
        IReadOnlyList<string> differences
    )
    {
        string list = string.Join("; ", differences.Take(MaxDifferences));
        if (differences.Count > MaxDifferences)
            list += $"; and {differences.Count - MaxDifferences} more";
        string whose =
            recorded == given
                ? $"its results are of the model in {given} as it was before. What is different now: {list}."
                : $"its results are of the model in {recorded}, and not of the one in {given}. What is different: {list}.";
        return new RunIdentityException($"{run.DirectoryPath}: {whose} {WayOn}");
    }

    /// <summary>The directory holds results that say nothing of what they were made from.</summary>
    internal static RunIdentityException Unrecorded(RunDirectory run, string file) =>
        new(
            $"{run.DirectoryPath}: it holds {Path.GetFileName(file)}, and no {Path.GetFileName(run.Identity)} "
                + "that says which model its results are of. "
                + "They were made by an older version of q2, or of trials from outside, and cannot be "
                + "distinguished from results of other bytes. "
                + "The directory was left as it is: give another one (--run OTHER)."
        );

    /// <summary>A result is of a version that recorded less, or that computed otherwise.</summary>
    internal static RunIdentityException OtherVersion(string path, int version, Remedy remedy) =>
        new(
            version == 0
                ? $"{path}: made by an older version of q2, which did not record what it was made from. Make it again."
                : $"{path}: made by version {version} of the algorithm, and this q2 computes by version {AlgorithmVersion.Current}. "
                    + "Make it again."
        )
        {
            Remedy = remedy,
        };

    /// <summary>The whole directory is of a version that computes otherwise.</summary>
    internal static RunIdentityException OtherVersion(RunDirectory run, int version) =>
        new(
            $"{run.DirectoryPath}: its results are of version {version} of the algorithm, and this q2 computes by version "
                + $"{AlgorithmVersion.Current}. {WayOn}"
        );

    /// <summary>A result was made from something that is there no more.</summary>
    /// <param name="path">The result's file.</param>
    /// <param name="what">What it was made from and what there is now.</param>
    /// <param name="remedy">What makes it again.</param>
    internal static RunIdentityException Stale(string path, string what, Remedy remedy) =>
        new($"{path}: {what}. Make it again.") { Remedy = remedy };

    /// <summary>Trials from outside were to be used in a directory that holds results of a model.</summary>
    internal static RunIdentityException OfModel(RunDirectory run, string model) =>
        new(
            $"{run.DirectoryPath}: it holds results of the model in {model}, and trials from outside need a run directory "
                + "of their own (--run OTHER)."
        );

    /// <summary>The record itself cannot be read.</summary>
    internal static RunIdentityException Damaged(RunDirectory run, DamagedFileException inner) =>
        new(
            $"{run.Identity}: damaged ({inner.What}). It says which model the results beside it are of, so they cannot be used without it: "
                + "put it back from a copy, or give another run directory (--run OTHER).",
            inner
        );

    private const string WayOn =
        "Results of different bytes are not mixed. The directory was left as it is: "
        + "give another one (--run OTHER), or the model that it belongs to.";
}
