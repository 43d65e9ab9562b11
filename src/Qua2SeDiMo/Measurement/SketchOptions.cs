namespace Qua2SeDiMo.Measurement;

/// <summary>The output whose change a sketch measures.</summary>
internal enum SketchTarget
{
    /// <summary>The guided prediction of single calls, at states of the full-precision run.</summary>
    Calls,

    /// <summary>The final latents, with the effect of each call on all later ones.</summary>
    Latents,

    /// <summary>The decoded image.</summary>
    Image,
}

/// <summary>Options of a sketch.</summary>
internal sealed record SketchOptions
{
    /// <summary>The output whose change is measured. Default the final latents.</summary>
    public SketchTarget Target { get; init; } = SketchTarget.Latents;

    /// <summary>Number of random cotangents per image, at least 1. Default 2.</summary>
    public int Cotangents { get; init; } = 2;

    /// <summary>Indices of the steps whose states are used; null (default) for all. Only for
    /// <see cref="SketchTarget.Calls"/>.</summary>
    public IReadOnlyList<int>? Steps { get; init; }

    /// <summary>Bits, 2 to 8 each, that rounding the inputs of layers is scored at. Default none.</summary>
    public IReadOnlyList<int> ActivationBits { get; init; } = [];

    /// <summary>Seed of the cotangents. Default 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Bytes of activations and gradients above which the reverse pass is run in parts. Default 1
    /// GiB.</summary>
    public long ActivationBytes { get; init; } = 1L << 30;
}
