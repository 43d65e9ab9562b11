using System.Reflection;
using Qua2SeDiMo.Inference;

namespace Qua2SeDiMo.Runs;

/// <summary>Versions of the programs that make results, as recorded in trials and checkpoints.</summary>
internal static class ProgramVersions
{
    /// <summary>Version of q2 with its commit; empty if unknown.</summary>
    internal static string Q2 { get; } =
        typeof(ProgramVersions)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion
        ?? "";

    /// <summary>Version of every program, by name.</summary>
    internal static IReadOnlyDictionary<string, string> All { get; } =
        new Dictionary<string, string>
        {
            ["q2"] = Q2,
            ["dotnet"] = Environment.Version.ToString(),
            ["onnxruntime"] = RuntimeVersion.Text,
        };
}
