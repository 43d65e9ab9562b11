using System.Text.Json.Nodes;
using Qua2SeDiMo.Diffusion.Tokenizers;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Verification;

/// <summary>Reference token ids: a tokenizer folder with <c>cases.json</c>, or a folder of such folders. Ids must be
/// equal; the differences of a result are numbers of texts.</summary>
internal static class TokenizerCases
{
    private const int ExamplesShown = 3;

    /// <summary>Checks every text of every case.</summary>
    public static IReadOnlyList<VerificationResult> Verify(string path)
    {
        string[] folders = File.Exists(Path.Combine(path, "cases.json"))
            ? [path]
            :
            [
                .. Directory
                    .EnumerateDirectories(path)
                    .Where(folder => File.Exists(Path.Combine(folder, "cases.json")))
                    .Order(StringComparer.Ordinal),
            ];
        return
        [
            .. folders.SelectMany(folder => Comparison.Guard(Path.GetFileName(folder), () => VerifyFolder(folder))),
        ];
    }

    private static VerificationResult[] VerifyFolder(string folder)
    {
        string name = Path.GetFileName(folder);
        ComponentConfig description = ComponentConfig.Read(Path.Combine(folder, "cases.json"));
        ITokenizer tokenizer = TokenizerCatalog.Open(folder, description.Int("max_length"));
        var wrongIds = new List<string>();
        var wrongPadded = new List<string>();
        var wrongMasks = new List<string>();
        foreach (JsonNode? node in description.Root["cases"]!.AsArray())
        {
            string text = (string)node!["text"]!;
            if (!Matches(tokenizer.EncodeIds(text), node["ids"]))
                wrongIds.Add(text);
            TokenizedText padded = tokenizer.Encode(text);
            if (!Matches(padded.Ids, node["padded_ids"]))
                wrongPadded.Add(text);
            if (node["attention_mask_ones"] is { } ones && padded.AttentionMask.Sum() != (int)ones)
                wrongMasks.Add(text);
        }
        return [Judge(name, "ids", wrongIds), Judge(name, "padded ids", wrongPadded), Judge(name, "mask", wrongMasks)];
    }

    private static bool Matches(IReadOnlyList<int> actual, JsonNode? expected) =>
        expected is null || actual.SequenceEqual(expected.AsArray().Select(id => (int)id!));

    private static VerificationResult Judge(string name, string output, List<string> wrong) =>
        new(
            name,
            output,
            wrong.Count,
            wrong.Count,
            0,
            wrong.Count == 0,
            wrong.Count == 0 ? null : $"{wrong.Count} texts differ: " + string.Join(" | ", wrong.Take(ExamplesShown))
        );
}
