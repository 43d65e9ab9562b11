using System.Runtime.InteropServices;
using System.Text.Json;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Writes the results of a benchmark together with a description of the machine.</summary>
internal static class ResultFile
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    internal static void Write<T>(string path, IReadOnlyList<T> rows)
    {
        var content = new
        {
            Machine = $"{RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores",
            Dotnet = Environment.Version.ToString(),
            Rows = rows,
        };
        AtomicFile.WriteText(path, JsonSerializer.Serialize(content, Options));
    }
}
