using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Runs;

/// <summary>Reads the JSON files of a run directory.</summary>
internal static class RunFile
{
    /// <summary>Reads a stage's file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="verb">Verb of <c>q2</c> that makes it.</param>
    /// <exception cref="Q2Exception">It is missing or damaged; the message names the verb.</exception>
    internal static T Read<T>(string path, string verb)
    {
        if (!File.Exists(path))
            throw new ModelFolderException($"{path}: not there yet; run `q2 {verb}` first.");
        return OwnJson.Read<T>(path, verb);
    }
}
