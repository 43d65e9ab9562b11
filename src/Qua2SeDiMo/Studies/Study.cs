namespace Qua2SeDiMo.Studies;

/// <summary>A named series of trials under equal settings.</summary>
/// <param name="Name">Unique within the store.</param>
/// <param name="Settings">What all its trials share.</param>
/// <param name="CreatedAt">When it was begun.</param>
internal sealed record Study(string Name, StudySettings Settings, DateTimeOffset CreatedAt)
{
    /// <summary>The study that the <c>study</c> verb continues by default.</summary>
    public const string DefaultName = "main";
}
