namespace Qua2SeDiMo.Models.Fingerprints;

/// <summary>The fingerprint of one thing that a program reads of a model.</summary>
/// <param name="Name">
/// A component, for all its tensors, or a file relative to the model folder, for instance
/// <c>scheduler/scheduler_config.json</c>.
/// </param>
/// <param name="Hex">32 hexadecimal digits.</param>
internal sealed record FingerprintPart(string Name, string Hex);

/// <summary>
/// What a model is by its content: tensors, configurations, tokenizer files. Folder names, times, and files that are
/// not read have no part in it.
/// </summary>
internal sealed class ModelFingerprint
{
    /// <summary>Joins the fingerprints of parts.</summary>
    /// <param name="parts">Parts with names of their own, in any order.</param>
    public ModelFingerprint(IEnumerable<FingerprintPart> parts)
    {
        Parts = [.. parts.OrderBy(part => part.Name, StringComparer.Ordinal)];
        Hex = ContentHash.Of(string.Join('\n', Parts.Select(part => $"{part.Hex} {part.Name}")));
    }

    /// <summary>The parts, by name in ordinal order.</summary>
    public IReadOnlyList<FingerprintPart> Parts { get; }

    /// <summary>The whole model in 32 hexadecimal digits: equal exactly for equal parts.</summary>
    public string Hex { get; }

    /// <inheritdoc/>
    public override string ToString() => Hex;
}
