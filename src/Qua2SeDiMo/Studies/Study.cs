namespace Qua2SeDiMo.Studies;

/// <summary>A named series of trials with equal settings.</summary>
/// <param name="Name">Unique within the store.</param>
/// <param name="Settings">Settings that all its trials share.</param>
/// <param name="CreatedAt">Time of creation.</param>
internal sealed record Study(string Name, StudySettings Settings, DateTimeOffset CreatedAt)
{
    /// <summary>Name of the study in a run directory, unless another is given.</summary>
    public const string DefaultName = "main";
}
