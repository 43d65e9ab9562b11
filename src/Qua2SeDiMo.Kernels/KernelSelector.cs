using System.Runtime.Intrinsics.X86;
using Qua2SeDiMo.Kernels.MicroKernels;

namespace Qua2SeDiMo.Kernels;

/// <summary>Which kernel variant this machine runs. The environment variable <c>Q2_KERNEL</c> forces one by
/// name.</summary>
public static class KernelSelector
{
    /// <summary>Name of the environment variable.</summary>
    public const string Variable = "Q2_KERNEL";

    // Best first. Declared first, because the lists below are initialized from it.
    internal static readonly IReadOnlyList<PaletteKernel> All =
    [
        VnniCode.IsSupported
            ? new PanelKernel("vnni", true, new Avx512VnniMicroKernels())
            : new PanelKernel("vnni", AvxVnni.IsSupported && Fma.IsSupported, new AvxVnniMicroKernels()),
        new PanelKernel("avx512", Avx512BW.IsSupported, new Avx512MicroKernels()),
        new PanelKernel("avx2", Avx2.IsSupported && Fma.IsSupported, new Avx2MicroKernels()),
        new ScalarKernel(),
    ];

    private static readonly Lazy<PaletteKernel> Chosen = new(() =>
        Choose(Environment.GetEnvironmentVariable(Variable))
    );

    /// <summary>Names of all variants, best first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(kernel => kernel.Name)];

    /// <summary>Names of the variants that this machine can run, best first.</summary>
    public static IReadOnlyList<string> Supported { get; } =
    [.. All.Where(kernel => kernel.IsSupported).Select(kernel => kernel.Name)];

    /// <summary>Name of the variant that runs.</summary>
    /// <exception cref="KernelException"><c>Q2_KERNEL</c> names no variant, or one that this machine cannot
    /// run.</exception>
    public static string ActiveName => Active.Name;

    /// <summary>The active variant and all that this machine supports, as text: <c>vnni (512-bit floats, 512-bit dot
    /// products of bytes); supported: vnni, avx512, avx2, scalar</c>.</summary>
    /// <exception cref="KernelException"><c>Q2_KERNEL</c> names no variant, or one that this machine cannot
    /// run.</exception>
    public static string Description =>
        $"{Active.Name} ({Active.Description}); supported: {string.Join(", ", Supported)}";

    internal static PaletteKernel Active => Chosen.Value;

    /// <summary>The variant with the given name; the best supported one when the name is null or empty.</summary>
    /// <exception cref="KernelException">The name is unknown, or this machine cannot run the variant.</exception>
    internal static PaletteKernel Choose(string? name)
    {
        if (string.IsNullOrEmpty(name))
            return All.First(kernel => kernel.IsSupported);
        PaletteKernel? found = All.FirstOrDefault(kernel => kernel.Name == name);
        string choice = $"Set {Variable} to one of {string.Join(", ", Supported)}, or leave it unset for the best.";
        if (found is null)
            throw new KernelException($"{Variable} is '{name}', which is no kernel variant. {choice}");
        return found.IsSupported
            ? found
            : throw new KernelException($"{Variable} is '{name}', which this processor cannot run. {choice}");
    }
}

/// <summary>Thrown when a kernel variant is requested that does not exist or cannot run on this machine.</summary>
internal sealed class KernelException : Q2Exception
{
    internal KernelException(string message)
        : base(message) { }
}
