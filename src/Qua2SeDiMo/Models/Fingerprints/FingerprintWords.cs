namespace Qua2SeDiMo.Models.Fingerprints;

/// <summary>Says in a person's words what changed between two fingerprints.</summary>
internal static class FingerprintWords
{
    // Enough to tell fingerprints apart by eye.
    private const int ShownDigits = 12;

    /// <summary>What changed of each part that is not the same on both sides, in the order of their names.</summary>
    /// <param name="was">Fingerprint by name of the part, as recorded.</param>
    /// <param name="now">Fingerprints of what is there now.</param>
    public static IReadOnlyList<string> Differences(
        IReadOnlyDictionary<string, string> was,
        IReadOnlyDictionary<string, string> now
    )
    {
        ArgumentNullException.ThrowIfNull(was);
        ArgumentNullException.ThrowIfNull(now);
        return
        [
            .. was
                .Keys.Union(now.Keys)
                .Order(StringComparer.Ordinal)
                .Select(name => (name, was: was.GetValueOrDefault(name), now: now.GetValueOrDefault(name)))
                .Where(part => part.was != part.now)
                .Select(part => Difference(part.name, part.was, part.now)),
        ];
    }

    /// <summary>What changed of one part.</summary>
    /// <param name="name">Its name (<see cref="FingerprintPart.Name"/>).</param>
    /// <param name="was">Fingerprint as recorded; null if it was not there.</param>
    /// <param name="now">Fingerprint now; null if it is not there any more.</param>
    public static string Difference(string name, string? was, string? now)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (was is null)
            return $"{Words(name)} was not there";
        if (now is null)
            return $"{Words(name)} is not there any more";
        return IsFile(name)
            ? $"{name} changed"
            : $"{Words(name)}: other tensors (fingerprint {Short(now)} instead of {Short(was)})";
    }

    private static bool IsFile(string name) => name.AsSpan().IndexOfAny('/', '.') >= 0;

    private static string Words(string name) =>
        IsFile(name)
            ? name
            : name switch
            {
                "transformer" or "unet" => $"denoiser ({name})",
                "vae" => "autoencoder (vae)",
                "clip" => "scoring model (CLIP)",
                "reference" => "reference features",
                _ when name.StartsWith("text_encoder", StringComparison.Ordinal) => $"text encoder ({name})",
                _ => name,
            };

    private static string Short(string hex) => hex.Length > ShownDigits ? hex[..ShownDigits] : hex;
}
