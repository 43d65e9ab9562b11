using System.Text.Json.Nodes;
using CsCheck;
using Qua2SeDiMo.Diffusion.Tokenizers;
using Qua2SeDiMo.Models.Configs;
using Xunit;

namespace Qua2SeDiMo.Tests.Diffusion.Tokenizers;

public sealed class TokenizerFolderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("q2-tokenizer-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_folder_with_tokenizer_json_alone_gives_the_ids_of_spiece_model()
    {
        string bundled = RepositoryFiles.Models("emoji-pixart/tokenizer");
        Copy(bundled, "tokenizer.json", "tokenizer_config.json");
        ITokenizer fromModel = TokenizerCatalog.Open(bundled, 24),
            fromJson = TokenizerCatalog.Open(folder, 24);
        JsonArray cases = ComponentConfig.Read(RepositoryFiles.Golden("tokenizers/t5-tiny/cases.json")).Root[
            "cases"
        ]!.AsArray();
        Assert.Equal(200, cases.Count);
        foreach (JsonNode? text in cases)
        {
            Assert.Equal(fromModel.EncodeIds((string)text!["text"]!), fromJson.EncodeIds((string)text["text"]!));
        }
    }

    [Fact]
    public void Truncation_keeps_the_end_token_and_padding_is_masked()
    {
        ITokenizer tokenizer = TokenizerCatalog.Open(RepositoryFiles.Golden("tokenizers/t5-tiny"), 4);
        TokenizedText text = tokenizer.Encode("a very long text about nothing");
        Assert.Equal(4, text.Ids.Count);
        Assert.Equal(1, text.Ids[^1]);
        TokenizedText brief = tokenizer.Encode("a");
        Assert.Equal([1, 1, 0, 0], brief.AttentionMask);
        Assert.Equal(tokenizer.PaddingId, brief.Ids[^1]);
    }

    [Fact]
    public void A_truncated_spiece_model_is_refused()
    {
        byte[] whole = File.ReadAllBytes(RepositoryFiles.Golden("tokenizers/t5-tiny/spiece.model"));
        Copy(RepositoryFiles.Golden("tokenizers/t5-tiny"), "tokenizer_config.json");
        foreach (int length in new[] { 1, 2, 100, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(Path.Combine(folder, "spiece.model"), whole[..length]);
            Assert.ThrowsAny<Q2Exception>(() => TokenizerCatalog.Open(folder, 8));
        }
    }

    [Theory]
    [InlineData(new byte[] { 0x0a, 0x05, 0x0a, 0x01, (byte)'a' }, "cut off")]
    [InlineData(new byte[] { 0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f }, "cut off")]
    [InlineData(new byte[] { 0x0a, 0xff, 0xff, 0xff, 0xff, 0x07, 1 }, "cut off")]
    [InlineData(new byte[] { 0x0f }, "without pieces")]
    [InlineData(new byte[] { 0x00 }, "cut off")]
    [InlineData(new byte[] { 0x0a, 3, 0x0a, 1, (byte)'a', 0x12, 2, 0x18, 2 }, "type 2")]
    [InlineData(new byte[] { 0x0a, 3, 0x0a, 1, (byte)'a', 0x12, 3, 0xc0, 2, 1 }, "unknown piece 1")]
    [InlineData(new byte[] { }, "without pieces")]
    public void A_spiece_model_that_lies_is_refused_in_words(byte[] content, string words)
    {
        string message = Assert
            .Throws<TokenizerException>(() => SentencePieceModel.Parse(content, "spiece.model"))
            .Message;
        Assert.Contains("spiece.model", message, StringComparison.Ordinal);
        Assert.Contains(words, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_spiece_model_of_nothing_but_pieces_is_refused_before_they_are_made()
    {
        byte[] content = new byte[(2 * SentencePieceModel.MaxPieces) + 2];
        for (int i = 0; i < content.Length; i += 2)
            content[i] = 0x0a;
        Assert.Contains(
            "2,000,000",
            Assert.Throws<TokenizerException>(() => SentencePieceModel.Parse(content, "spiece.model")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Fields_of_a_spiece_model_are_read_in_any_order_and_others_passed_over()
    {
        // An unknown field, the trainer in two parts (bytes; unknown piece 1), a piece with its score before its text,
        // a piece that is not UTF-8, the character map.
        byte[] content =
        [
            .. new byte[] { 0x22, 1, 9, 0x12, 3, 0x98, 2, 1, 0x12, 3, 0xc0, 2, 1 },
            .. new byte[] { 0x0a, 8, 0x15, 0, 0, 0x80, 0xbf, 0x0a, 1, (byte)'a' },
            .. new byte[] { 0x0a, 3, 0x0a, 1, 0xff, 0x1a, 4, 0x12, 2, 5, 6 },
        ];

        SentencePieceModel model = SentencePieceModel.Parse(content, "spiece.model");

        Assert.Equal([new SentencePiece("a", -1), new SentencePiece("\uFFFD", 0)], model.Pieces);
        Assert.Equal((1, true), (model.UnknownId, model.FallsBackToBytes));
        Assert.Equal([5, 6], model.CharacterMap);
    }

    [Theory]
    [InlineData("golden/tokenizers/t5-tiny", "spiece.model")]
    [InlineData("models/emoji-pixart/tokenizer", "tokenizer.json")]
    [InlineData("golden/tokenizers/clip-tiny", "vocab.json")]
    [InlineData("golden/tokenizers/clip-tiny", "merges.txt")]
    [InlineData("golden/tokenizers/bert-tiny", "vocab.txt")]
    public void Damaged_files_are_refused_or_read_but_never_crash(string source, string name)
    {
        string original = source.StartsWith("models/", StringComparison.Ordinal)
            ? RepositoryFiles.Models(source[7..])
            : RepositoryFiles.Golden(source[7..]);
        byte[] whole = File.ReadAllBytes(Path.Combine(original, name));
        foreach (
            string file in Directory
                .EnumerateFiles(original)
                .Where(file => Path.GetFileName(file) is not ("cases.json" or "spiece.model"))
        )
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }
        Gen.Select(Gen.Int[0, int.MaxValue].Array[1, 12], Gen.Byte, Gen.Bool)
            .Sample(
                (places, flip, isCut) =>
                {
                    byte[] content = isCut ? whole[..(places[0] % whole.Length)] : [.. whole];
                    foreach (int place in places.Where(_ => content.Length > 0))
                        content[place % content.Length] ^= flip;
                    File.WriteAllBytes(Path.Combine(folder, name), content);
                    try
                    {
                        TokenizerCatalog.Open(folder, 8).Encode("①②③ a café, ﬁne: it's <pad> 42");
                    }
                    catch (Q2Exception) { }
                },
                iter: 60,
                threads: 1
            );
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        Copy(RepositoryFiles.Golden("tokenizers/clip-tiny"), "tokenizer_config.json", "vocab.json");
        Assert.Contains(
            "merges.txt",
            Assert.ThrowsAny<Q2Exception>(() => TokenizerCatalog.Open(folder, 8)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_vocabulary_that_is_not_a_map_is_refused()
    {
        Copy(RepositoryFiles.Golden("tokenizers/clip-tiny"), "tokenizer_config.json", "merges.txt");
        File.WriteAllText(Path.Combine(folder, "vocab.json"), "[1, 2]");
        Assert.ThrowsAny<Q2Exception>(() => TokenizerCatalog.Open(folder, 8));
    }

    [Fact]
    public void Merges_that_lead_nowhere_are_refused()
    {
        Copy(RepositoryFiles.Golden("tokenizers/clip-tiny"), "tokenizer_config.json", "vocab.json");
        File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\nthere is no such merge\n");
        Assert.ThrowsAny<Q2Exception>(() => TokenizerCatalog.Open(folder, 8));
    }

    [Fact]
    public void Another_tokenizer_class_is_refused_with_the_supported_ones()
    {
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), "{\"tokenizer_class\": \"GemmaTokenizer\"}");
        Assert.Contains(
            "CLIPTokenizer",
            Assert.ThrowsAny<Q2Exception>(() => TokenizerCatalog.Open(folder, 8)).Message,
            StringComparison.Ordinal
        );
    }

    private void Copy(string from, params string[] names)
    {
        foreach (string name in names)
            File.Copy(Path.Combine(from, name), Path.Combine(folder, name));
    }
}
