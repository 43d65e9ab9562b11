namespace Qua2SeDiMo.Models.Fingerprints;

/// <summary>The fingerprint of one part of a model: the tensors of a component, or a file.</summary>
/// <param name="Name"> Name of a component, for all its tensors, or path of a file relative to the model folder, for
/// instance <c>scheduler/scheduler_config.json</c>.
/// </param>
/// <param name="Hex">32 hexadecimal digits.</param>
internal sealed record FingerprintPart(string Name, string Hex);

/// <summary>
/// The fingerprint of a model's content: tensors, configurations, tokenizer files. Folder names, times and files that
/// are not read do not affect it.
/// </summary>
internal sealed class ModelFingerprint
{
    /// <summary>Combines the fingerprints of parts.</summary>
    /// <param name="parts">Parts with distinct names, in any order.</param>
    public ModelFingerprint(IEnumerable<FingerprintPart> parts)
    {
        Parts = [.. parts.OrderBy(part => part.Name, StringComparer.Ordinal)];
        Hex = ContentHash.Of(string.Join('\n', Parts.Select(part => $"{part.Hex} {part.Name}")));
    }

    /// <summary>The parts, by name in ordinal order.</summary>
    public IReadOnlyList<FingerprintPart> Parts { get; }

    /// <summary>Fingerprint of the whole model, 32 hexadecimal digits; equal when all parts are equal.</summary>
    public string Hex { get; }

    /// <inheritdoc/>
    public override string ToString() => Hex;
}
