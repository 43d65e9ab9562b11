using System.Runtime.Intrinsics;
using Qua2SeDiMo.Images;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies.Storage;

namespace Qua2SeDiMo.Stages;

/// <summary>Result of one check of the installation.</summary>
/// <param name="Name">What was checked.</param>
/// <param name="Value">What was found, or why the check failed.</param>
/// <param name="Passed">Whether the program can work with it.</param>
internal sealed record DoctorCheck(string Name, string Value, bool Passed);

/// <summary>Checks the machine and the native libraries, so that a broken installation is found before a long
/// run.</summary>
internal static class DoctorStage
{
    private const string OnnxRuntime = "ONNX Runtime";

    // A run of a small model needs about this much memory and disk; `q2 inspect` gives sizes to estimate larger ones.
    private const long MinBytes = 1L << 30;

    /// <summary>Runs all checks.</summary>
    /// <param name="workFolder">Folder in which runs will be written.</param>
    public static IReadOnlyList<DoctorCheck> Run(string workFolder) =>
        [
            .. MachineFacts
                .Read()
                .Where(fact => fact.Name != OnnxRuntime)
                .Select(fact => new DoctorCheck(fact.Name, fact.Value, true)),
            new(
                "Kernels",
                $"matrix products {MatrixProduct.Variant}, palette decoding {PaletteDecoder.Variant}, quantizer "
                    + $"loops {(Vector256.IsHardwareAccelerated ? "vector256" : "emulated")}",
                true
            ),
            Loads("Packed products", () => KernelSelector.Description),
            Enough("Free memory", FreeMemory(), "of what this process may use"),
            Enough("Free disk", FreeDisk(workFolder), Path.GetFullPath(workFolder)),
            Enough("Free disk for sessions", FreeDisk(Path.GetTempPath()), Path.GetTempPath()),
            Loads(OnnxRuntime, () => RuntimeVersion.Text),
            Loads("SQLite", () => SqliteVersion.Text),
            Loads(
                "Images (SkiaSharp)",
                () =>
                {
                    byte[] png = PngFile.Encode([1, 0.5f, 0], 1, 1);
                    return $"{PngFile.Decode(png).Image.Length} values through a PNG of {png.Length} bytes";
                }
            ),
        ];

    private static DoctorCheck Enough(string name, long bytes, string where) =>
        new(name, $"{bytes / (double)(1L << 30):0.0} GiB, {where}", bytes >= MinBytes);

    private static long FreeMemory()
    {
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        // GC memory figures are zero before the first collection.
        if (memory.MemoryLoadBytes == 0)
        {
            GC.Collect();
            memory = GC.GetGCMemoryInfo();
        }
        return memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes;
    }

    private static long FreeDisk(string folder)
    {
        string full = Path.GetFullPath(folder);
        DriveInfo? drive = DriveInfo
            .GetDrives()
            .Where(drive => full.StartsWith(drive.RootDirectory.FullName, StringComparison.Ordinal))
            .MaxBy(drive => drive.RootDirectory.FullName.Length);
        return (drive ?? new DriveInfo(full)).AvailableFreeSpace;
    }

    private static DoctorCheck Loads(string name, Func<string> use)
    {
        try
        {
            return new DoctorCheck(name, use(), true);
        }
        catch (Exception error)
        {
            // Any error of loading a native library or of running a forced kernel is the result of the check.
            return new DoctorCheck(name, (error.InnerException ?? error).Message, false);
        }
    }
}
