using Qua2SeDiMo.Models.Fingerprints;

namespace Qua2SeDiMo.Studies;

/// <summary>Thrown when a study is continued with settings that differ from those it was created with.</summary>
internal sealed class StudySettingsException : Q2Exception
{
    private const int MaxDifferences = 6;
    private const int ShownCharacters = 60;

    private StudySettingsException(string message, IReadOnlyList<string> names)
        : base(message) => Names = names;

    /// <summary>Names of the settings that differ.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Creates the exception; the message lists the differences.</summary>
    public static StudySettingsException For(string path, Study study, StudySettings asked)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(asked);
        var differences = study.Settings.DifferencesFrom(asked);
        string[] names = [.. differences.Select(pair => pair.Name)];
        if (
            asked.Values.ContainsKey(StudySettings.Algorithm)
            && !study.Settings.Values.ContainsKey(StudySettings.Algorithm)
        )
        {
            return new StudySettingsException(
                $"{path}: study '{study.Name}' is of an older version of q2, which did not record the content of "
                    + "model, prompts and scoring "
                    + "files, so that it is unknown whether its trials are of the same. It was left as it is: "
                    + "begin another one in another run "
                    + "directory (--run OTHER).",
                names
            );
        }
        string[] words = [.. differences.Select(pair => Words(pair.Name, pair.Here, pair.There)).OfType<string>()];
        string list = string.Join("; ", words.Take(MaxDifferences));
        if (words.Length > MaxDifferences)
            list += $"; and {words.Length - MaxDifferences} more";
        return new StudySettingsException(
            $"{path}: study '{study.Name}' holds trials of other settings. What is different now: {list}. Trials under different settings "
                + "cannot be compared. It was left as it is: go back to what it was made with, or begin another "
                + "one in another run directory "
                + "(--run OTHER).",
            names
        );
    }

    // Null for a difference that another one already implies.
    private static string? Words(string name, string? was, string? now)
    {
        if (name == StudySettings.Prompts && was is not null && now is not null)
            return OfPrompts(was.Split('\n'), now.Split('\n'));
        if (name.StartsWith(StudySettings.OfModel, StringComparison.Ordinal))
        {
            return FingerprintWords.Difference(name[StudySettings.OfModel.Length..], was, now);
        }
        if (name.StartsWith(StudySettings.OfScoring, StringComparison.Ordinal))
        {
            return was is null || now is null
                ? null
                : FingerprintWords.Difference(name[StudySettings.OfScoring.Length..], was, now);
        }
        return $"{name} was {Show(was)} and is now {Show(now)}";
    }

    private static string OfPrompts(string[] was, string[] now)
    {
        int first = Enumerable.Range(0, Math.Min(was.Length, now.Length)).FirstOrDefault(i => was[i] != now[i], -1);
        return first < 0
            ? $"the prompts differ: {was.Length} were used, now there are {now.Length}"
            : $"the prompts differ, the first at number {first + 1}: it was {Show(was[first])} and is now {Show(now[first])}";
    }

    private static string Show(string? value) =>
        value is null ? "absent"
        : value.Length > ShownCharacters ? $"'{value[..ShownCharacters]}…'"
        : $"'{value}'";
}
