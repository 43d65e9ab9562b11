namespace Qua2SeDiMo.Studies;

/// <summary>A study was to be continued under settings that are not its own.</summary>
public sealed class StudySettingsException : Q2Exception
{
    private StudySettingsException(string message, IReadOnlyList<string> names) : base(message) => Names = names;

    /// <summary>The settings that differ.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Says which settings differ and how.</summary>
    public static StudySettingsException For(string path, Study study, StudySettings asked)
    {
        ArgumentNullException.ThrowIfNull(study);
        var differences = study.Settings.DifferencesFrom(asked);
        string list = string.Join("; ", differences.Select(pair => $"{pair.Name} was {Show(pair.Here)} and is now {Show(pair.There)}"));
        return new StudySettingsException(
            $"{path}: study '{study.Name}' holds trials of other settings: {list}. Trials under different settings cannot be compared. "
            + "Go back to the former settings, or begin another study (another run directory or study name).",
            [.. differences.Select(pair => pair.Name)]);
    }

    private static string Show(string? value) => value is null ? "absent" : $"'{value}'";
}
