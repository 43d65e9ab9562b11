using System.Text;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Diffusion.Tokenizers;

namespace Qua2SeDiMo.Fuzz.Targets;

/// <summary>Tokenizers that are opened and used, and prompts for valid tokenizers.</summary>
internal static class TextTargets
{
    private const int PiecesKept = 60;
    private const string Prompt = "A café, ﬁne: 42 <pad> cats  on\tthe <|endoftext|> roof [SEP]";

    internal static IEnumerable<FuzzTarget> All(ScratchFolder scratch)
    {
        foreach (
            (string name, Func<FuzzInput> seed) in new (string, Func<FuzzInput>)[]
            {
                ("clip", Clip),
                ("clip-json", ClipJson),
                ("t5", SentencePieces),
                ("t5-json", UnigramJson),
                ("bert", Bert),
            }
        )
        {
            yield return new FuzzTarget(
                $"tokenizer-{name}",
                () => [seed()],
                input =>
                {
                    string prompt = input.Files.FirstOrDefault(file => file.Name == "prompt.txt") is { } text
                        ? Encoding.UTF8.GetString(text.Bytes)
                        : Prompt;
                    TokenizerCatalog.Open(scratch.Fill(input), input.Bytes.Length % 2 == 0 ? 16 : null).Encode(prompt);
                }
            )
            {
                QuickInputs = 150,
            };
        }
        var opened = new Lazy<ITokenizer[]>(() =>
            [
                .. new[] { Clip(), SentencePieces(), UnigramJson(), Bert() }.Select(input =>
                    TokenizerCatalog.Open(scratch.Fill(input), 32)
                ),
                TokenizerCatalog.Open(Samples.Golden("tokenizers/t5-tiny"), 32),
            ]
        );
        yield return new FuzzTarget(
            "prompts",
            () =>
                [
                    FuzzInput.Of("prompt.txt", Prompt),
                    FuzzInput.Of("prompt.txt", "e\u0301\u0301\u0323 \uac01\u1100\u1161 \ud83d\udc68\u200d\ud83d\udc69"),
                    FuzzInput.Of("prompt.txt", ""),
                ],
            input =>
            {
                // Command lines may also contain unpaired surrogates.
                string text = input.Text;
                if (input.Bytes.Length % 5 == 0)
                    text = text.Insert(text.Length / 2, "\ud800");
                foreach (ITokenizer tokenizer in opened.Value)
                    tokenizer.Encode(text);
            }
        )
        {
            QuickInputs = 500,
        };
    }

    private static FuzzInput Tiny(string folder, params string[] names) =>
        new([
            .. Samples.Folder(Samples.Golden($"tokenizers/{folder}"), [.. names.Select(name => (name, name))]).Files,
            Samples.OfText("prompt.txt", Prompt),
        ]);

    private static FuzzInput Clip() =>
        Tiny("clip-tiny", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt");

    private static FuzzInput Bert() =>
        Tiny("bert-tiny", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt");

    private static FuzzInput ClipJson()
    {
        FuzzInput files = Clip();
        string Text(string name) => Encoding.UTF8.GetString(files.Files.First(file => file.Name == name).Bytes);
        var merges = new JsonArray([
            .. Text("merges.txt").Split('\n').Skip(1).Where(line => line.Length > 0).Select(line => (JsonNode)line),
        ]);
        var tokenizer = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(new JsonObject { ["id"] = 0, ["content"] = "!" }),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = JsonNode.Parse(Text("vocab.json")),
                ["merges"] = merges,
            },
        };
        return new FuzzInput([
            files.Files[0],
            files.Files[1],
            Samples.OfText("tokenizer.json", tokenizer.ToJsonString()),
            Samples.OfText("prompt.txt", Prompt),
        ]);
    }

    // The complete model has 240 kB of pieces; a few are enough for a seed.
    private static FuzzInput SentencePieces()
    {
        FuzzInput files = Tiny("t5-tiny", "tokenizer_config.json", "special_tokens_map.json", "spiece.model");
        byte[] model = files.Files[2].Bytes;
        var small = new List<byte>();
        int pieces = 0;
        for (int at = 0; at < model.Length; )
        {
            int start = at++,
                length = 0;
            for (int shift = 0; ; shift += 7)
            {
                length |= (model[at] & 0x7f) << shift;
                if (model[at++] < 0x80)
                    break;
            }
            at += length;
            bool isPiece = model[start] >> 3 == 1;
            if (isPiece ? pieces++ < PiecesKept : length < 4000)
                small.AddRange(model.AsSpan(start, at - start));
        }
        // A character map with one entry: the trie's units, then the replacement 'x'.
        byte[] map = [16, 0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, (byte)'x', 0];
        small.AddRange([0x1a, (byte)(map.Length + 2), 0x12, (byte)map.Length, .. map]);
        return files.With(2, new FuzzFile("spiece.model", [.. small]));
    }

    private static FuzzInput UnigramJson()
    {
        FuzzInput files = Tiny("t5-tiny", "tokenizer_config.json", "special_tokens_map.json");
        string[] pieces =
        [
            "<pad>",
            "</s>",
            "<unk>",
            "\u2581",
            "\u2581a",
            "b",
            "c",
            "at",
            "\u2581cat",
            "\u00e9",
            "<0x41>",
            "<extra_id_0>",
        ];
        var tokenizer = new JsonObject
        {
            ["added_tokens"] = new JsonArray(
                new JsonObject { ["id"] = 0, ["content"] = "<pad>" },
                new JsonObject { ["id"] = 1, ["content"] = "</s>" }
            ),
            ["normalizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["normalizers"] = new JsonArray(
                    new JsonObject
                    {
                        ["type"] = "Precompiled",
                        ["precompiled_charsmap"] = "EAAAAAAEAAAAAQAAAAAAgAAAAAB4AA==",
                    },
                    new JsonObject { ["type"] = "Strip" }
                ),
            },
            ["model"] = new JsonObject
            {
                ["type"] = "Unigram",
                ["unk_id"] = 2,
                ["byte_fallback"] = true,
                ["vocab"] = new JsonArray([.. pieces.Select((piece, i) => new JsonArray(piece, -i * 0.5))]),
            },
        };
        return new FuzzInput([
            .. files.Files.Take(2),
            Samples.OfText("tokenizer.json", tokenizer.ToJsonString()),
            files.Files[2],
        ]);
    }
}
