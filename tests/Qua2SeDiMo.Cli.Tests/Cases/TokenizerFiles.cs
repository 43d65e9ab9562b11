using System.Text.Json.Nodes;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Writes the files that newer libraries write in addition to or instead of a vocabulary.</summary>
internal static class TokenizerFiles
{
    /// <summary>Writes a tokenizer.json from the vocab.json and merges.txt of the same folder.</summary>
    /// <param name="folder">Folder of a CLIP tokenizer.</param>
    /// <param name="added">Added tokens besides the start and end tokens, with their ids.</param>
    internal static void WriteClipJson(string folder, IEnumerable<(string Content, int Id)> added)
    {
        JsonObject vocabulary = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "vocab.json")))!.AsObject();
        string[] merges =
        [
            .. File.ReadAllLines(Path.Combine(folder, "merges.txt"))
                .Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal)),
        ];
        int start = vocabulary["<|startoftext|>"]!.GetValue<int>(),
            end = vocabulary["<|endoftext|>"]!.GetValue<int>();
        JsonObject[] tokens =
        [
            Token("<|startoftext|>", start, true),
            Token("<|endoftext|>", end, true),
            .. added.Select(token => Token(token.Content, token.Id, false)),
        ];
        var root = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. tokens]),
            ["normalizer"] = JsonNode.Parse(
                """{"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, {"type": "Lowercase"}]}"""
            ),
            ["pre_tokenizer"] = JsonNode.Parse(
                """
                {"type": "Sequence", "pretokenizers": [
                  {"type": "Split", "pattern": {"Regex": "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"},
                      "behavior": "Removed", "invert": true},
                  {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}]}
                """
            ),
            ["post_processor"] = new JsonObject
            {
                ["type"] = "RobertaProcessing",
                ["sep"] = new JsonArray("<|endoftext|>", end),
                ["cls"] = new JsonArray("<|startoftext|>", start),
                ["trim_offsets"] = false,
                ["add_prefix_space"] = false,
            },
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = "<|endoftext|>",
                ["continuing_subword_prefix"] = "",
                ["end_of_word_suffix"] = "</w>",
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = false,
                ["vocab"] = vocabulary.DeepClone(),
                ["merges"] = new JsonArray([.. merges.Select(merge => JsonValue.Create(merge))]),
            },
        };
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), root.ToJsonString());
    }

    private static JsonObject Token(string content, int id, bool isSpecial) =>
        new()
        {
            ["id"] = id,
            ["content"] = content,
            ["single_word"] = false,
            ["lstrip"] = false,
            ["rstrip"] = false,
            ["normalized"] = !isSpecial,
            ["special"] = isSpecial,
        };
}
