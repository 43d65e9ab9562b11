namespace Qua2SeDiMo.Measurement;

/// <summary>What a sketch looks at.</summary>
internal enum SketchTarget
{
    /// <summary>The guided prediction of single calls, at states of the full-precision run.</summary>
    Calls,

    /// <summary>The final latents: what a call changes goes through all later ones.</summary>
    Latents,

    /// <summary>The decoded image.</summary>
    Image,
}

/// <summary>How a sketch is made.</summary>
internal sealed record SketchOptions
{
    /// <summary>What is looked at. Default the final latents.</summary>
    public SketchTarget Target { get; init; } = SketchTarget.Latents;

    /// <summary>Random cotangents for each image, at least 1. Default 2.</summary>
    public int Cotangents { get; init; } = 2;

    /// <summary>Steps whose states are looked at, from 0; null (default) for all. Only for
    /// <see cref="SketchTarget.Calls"/>.</summary>
    public IReadOnlyList<int>? Steps { get; init; }

    /// <summary>Seed of the cotangents. Default 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Bytes of activations and gradients above which the denoiser is run in parts. Default 1 GiB.</summary>
    public long ActivationBytes { get; init; } = 1L << 30;
}
