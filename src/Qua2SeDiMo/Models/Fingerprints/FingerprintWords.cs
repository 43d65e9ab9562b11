namespace Qua2SeDiMo.Models.Fingerprints;

/// <summary>Describes for the user what changed between two fingerprints.</summary>
internal static class FingerprintWords
{
    // Digits shown; enough to distinguish fingerprints.
    private const int ShownDigits = 12;

    /// <summary>One description per part that differs, ordered by name.</summary>
    /// <param name="was">Recorded fingerprints by name of the part.</param>
    /// <param name="now">Current fingerprints by name of the part.</param>
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

    /// <summary>Describes the change of one part.</summary>
    /// <param name="name">Name of the part (<see cref="FingerprintPart.Name"/>).</param>
    /// <param name="was">Recorded fingerprint; null if there was none.</param>
    /// <param name="now">Current fingerprint; null if the part no longer exists.</param>
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
