using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Runs;

/// <summary>Reads the JSON files of a run directory.</summary>
internal static class RunFile
{
    /// <summary>Reads the file of a stage.</summary>
    /// <param name="path">The file.</param>
    /// <param name="remedy">The command that makes the file, for messages.</param>
    /// <exception cref="Q2Exception">The file is missing or damaged.</exception>
    internal static T Read<T>(string path, Remedy remedy)
    {
        if (!File.Exists(path))
            throw new ModelFolderException($"{path}: not there yet; make it first.") { Remedy = remedy };
        return OwnJson.Read<T>(path, remedy);
    }
}
