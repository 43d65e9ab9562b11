using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Runs;

/// <summary>Thrown when results in a run directory do not belong to the model, trials or version that they are used
/// with.</summary>
internal sealed class RunIdentityException : Q2Exception
{
    private const int MaxDifferences = 6;

    private RunIdentityException(string message, Exception? inner = null)
        : base(message, inner) { }

    /// <summary>The directory holds results of another model, or of an earlier content of this one.</summary>
    /// <param name="run">The run directory.</param>
    /// <param name="recorded">Folder of the model that the results were made from.</param>
    /// <param name="given">Folder of the model in use.</param>
    /// <param name="differences">Descriptions of the parts that differ.</param>
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

    /// <summary>The directory holds results but no record of the model that they were made from.</summary>
    internal static RunIdentityException Unrecorded(RunDirectory run, string file) =>
        new(
            $"{run.DirectoryPath}: it holds {Path.GetFileName(file)}, and no {Path.GetFileName(run.Identity)} "
                + "that says which model its results are of. "
                + "They were made by an older version of q2, or of trials from outside, and cannot be "
                + "distinguished from results of other bytes. "
                + "The directory was left as it is: give another one (--run OTHER)."
        );

    /// <summary>A result was made by another version of the algorithm, or by one that did not record its version
    /// (0).</summary>
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

    /// <summary>All results of the directory were made by another version of the algorithm.</summary>
    internal static RunIdentityException OtherVersion(RunDirectory run, int version) =>
        new(
            $"{run.DirectoryPath}: its results are of version {version} of the algorithm, and this q2 computes by version "
                + $"{AlgorithmVersion.Current}. {WayOn}"
        );

    /// <summary>A result was made from something that has changed since.</summary>
    /// <param name="path">File of the result.</param>
    /// <param name="what">What the result was made from, and what exists now.</param>
    /// <param name="remedy">The command that makes the result again.</param>
    internal static RunIdentityException Stale(string path, string what, Remedy remedy) =>
        new($"{path}: {what}. Make it again.") { Remedy = remedy };

    /// <summary>An external study was to be used in a directory that holds results of a model.</summary>
    internal static RunIdentityException OfModel(RunDirectory run, string model) =>
        new(
            $"{run.DirectoryPath}: it holds results of the model in {model}, and trials from outside need a run directory "
                + "of their own (--run OTHER)."
        );

    /// <summary><c>run.json</c> cannot be read.</summary>
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
