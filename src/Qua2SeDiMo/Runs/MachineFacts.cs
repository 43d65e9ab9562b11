using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Qua2SeDiMo.Inference;

namespace Qua2SeDiMo.Runs;

/// <summary>Facts about the machine and software of a run.</summary>
internal static class MachineFacts
{
    /// <summary>Names and values, in display order.</summary>
    public static IReadOnlyList<(string Name, string Value)> Read() =>
        [
            ("Processor", $"{ProcessorName()}, {Environment.ProcessorCount} cores"),
            ("Vector units", VectorUnits()),
            ("Memory", $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1 << 30)} GiB"),
            ("System", RuntimeInformation.OSDescription),
            (".NET", Environment.Version.ToString()),
            ("ONNX Runtime", RuntimeVersion.Text),
            ("q2", ProgramVersions.All["q2"]),
        ];

    private static string ProcessorName()
    {
        const string LinuxFile = "/proc/cpuinfo";
        string? line = File.Exists(LinuxFile)
            ? File.ReadLines(LinuxFile).FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line is null
            ? RuntimeInformation.ProcessArchitecture.ToString()
            : line[(line.IndexOf(':') + 1)..].Trim();
    }

    private static string VectorUnits()
    {
        (string Name, bool Has)[] units =
        [
            ("AVX2", Avx2.IsSupported),
            ("FMA", Fma.IsSupported),
            ("AVX-512", Avx512BW.IsSupported),
            ("AVX-VNNI", AvxVnni.IsSupported),
            ("128-bit", Vector128.IsHardwareAccelerated),
        ];
        return string.Join(", ", units.Where(unit => unit.Has).Select(unit => unit.Name));
    }
}
