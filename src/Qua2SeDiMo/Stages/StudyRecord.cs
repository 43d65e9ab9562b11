using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Stages;

/// <summary>What a study leaves for later stages: how it was made, so that plans are verified in the same way, and what it found.</summary>
/// <param name="Options">Prompts, seeds, steps, scoring.</param>
/// <param name="Summary">Speed and reliability.</param>
public sealed record StudyRecord(StudyOptions Options, StudySummary Summary)
{
    /// <summary>Writes the record.</summary>
    public void Write(RunDirectory run) => OwnJson.Write(run.StudyRecord, this);

    /// <summary>Reads the record of a run.</summary>
    /// <exception cref="Q2Exception">The run has no finished study.</exception>
    public static StudyRecord Read(RunDirectory run) => ReadFile<StudyRecord>(run.StudyRecord, "study");

    /// <summary>Reads a stage's JSON file.</summary>
    /// <exception cref="Q2Exception">It is missing or damaged; the message names the verb that writes it.</exception>
    internal static T ReadFile<T>(string path, string verb)
    {
        if (!File.Exists(path)) throw new ModelFolderException($"{path}: not there yet; run `q2 {verb}` first.");
        return OwnJson.Read<T>(path, verb);
    }
}
