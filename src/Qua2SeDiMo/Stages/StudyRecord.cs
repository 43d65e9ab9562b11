using System.Text.Json;
using System.Text.Json.Serialization;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Stages;

/// <summary>What a study leaves for later stages: how it was made, so that plans are verified in the same way, and what it found.</summary>
/// <param name="Options">Prompts, seeds, steps, scoring.</param>
/// <param name="Summary">Speed and reliability.</param>
public sealed record StudyRecord(StudyOptions Options, StudySummary Summary)
{
    /// <summary>Options of every JSON file of a run directory.</summary>
    internal static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Writes the record.</summary>
    public void Write(RunDirectory run) => AtomicFile.WriteText(run.StudyRecord, JsonSerializer.Serialize(this, Json));

    /// <summary>Reads the record of a run.</summary>
    /// <exception cref="ModelFolderException">The run has no finished study.</exception>
    public static StudyRecord Read(RunDirectory run) => ReadFile<StudyRecord>(run.StudyRecord, "study");

    /// <summary>Reads a stage's JSON file.</summary>
    /// <exception cref="ModelFolderException">It is missing or damaged; the message names the verb that writes it.</exception>
    internal static T ReadFile<T>(string path, string verb)
    {
        if (!File.Exists(path)) throw new ModelFolderException($"{path}: not there yet; run `q2 {verb}` first.");
        try
        {
            using FileStream stream = File.OpenRead(path);
            return JsonSerializer.Deserialize<T>(stream, Json) ?? throw new JsonException("the document is null");
        }
        catch (JsonException error)
        {
            throw new ModelFolderException($"{path}: damaged ({error.Message}); run `q2 {verb}` again.");
        }
    }
}
