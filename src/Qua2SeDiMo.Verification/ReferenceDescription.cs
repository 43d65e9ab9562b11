using System.Text.Json.Nodes;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Verification;

/// <summary>The JSON file of a reference, with the names of the arrays in the safetensors file beside it.</summary>
internal sealed class ReferenceDescription
{
    private readonly Lazy<IReadOnlyList<string>> arrays;

    private ReferenceDescription(string path, JsonObject root)
    {
        Root = root;
        arrays = new Lazy<IReadOnlyList<string>>(() => ReadNames(Path.ChangeExtension(path, ".safetensors")));
    }

    internal JsonObject Root { get; }

    /// <summary>Names of the arrays; empty if there is no readable safetensors file.</summary>
    internal IReadOnlyList<string> Arrays => arrays.Value;

    /// <summary>Reads a file; null if it is not a JSON object or is too large.</summary>
    /// <exception cref="Q2Exception">The file is not valid JSON.</exception>
    internal static ReferenceDescription? TryRead(string path)
    {
        if (RegularFile.Length(path) > ForeignJson.MaximumBytes)
            return null;
        ForeignValue document = ForeignJson.Read(path);
        return document.IsObject ? new ReferenceDescription(path, document.AsObject()) : null;
    }

    internal bool Has(string key) => Root.ContainsKey(key);

    /// <summary>Whether <c>cases</c> is a list whose first item is an object with a member of this name.</summary>
    internal bool FirstCaseHas(string key) =>
        Root["cases"] is JsonArray { Count: > 0 } cases && cases[0] is JsonObject first && first.ContainsKey(key);

    private static IReadOnlyList<string> ReadNames(string path)
    {
        if (!File.Exists(path))
            return [];
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            return [.. file.Tensors.Keys];
        }
        catch (Exception error) when (error is Q2Exception or IOException)
        {
            return [];
        }
    }
}
