using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Pipelines saved after textual inversion, with further tokens in tokenizer and text encoder.</summary>
public sealed class AddedTokenTests
{
    private const int First = 784;
    private const string Prompt = "a photo of <cat-toy> on a table";

    [Theory]
    [InlineData("added_tokens.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("tokenizer.json")]
    public async Task A_learned_token_is_found_whichever_file_names_it(string file)
    {
        using ModelCopy model = Learned(2),
            plain = new();
        Name(model, file, "<cat-toy>", "<s1>");
        byte[] picture = await Picture(model, Prompt);
        Assert.NotEqual(await Picture(plain, Prompt), picture);
        Assert.NotEqual(await Picture(model, "a photo of <s1> on a table"), picture);
        Assert.Equal(await Picture(plain, "a photo of a cat"), await Picture(model, "a photo of a cat"));

        // The embedding of the token is used: replaced by that of another word, it gives the image of that word.
        model.EditTensors(
            ModelCopy.TextEncoder,
            tensors =>
                Embeddings(tensors, (data, width) => data.AsSpan(320 * width, width).CopyTo(data.AsSpan(First * width)))
        );
        Assert.Equal(await Picture(plain, "a photo of a on a table"), await Picture(model, Prompt));
    }

    [Fact]
    public async Task A_concept_of_several_vectors_is_written_out()
    {
        using ModelCopy model = Learned(3),
            single = Learned(3);
        Name(model, "added_tokens.json", "<cat-toy>", "<cat-toy>_1", "<cat-toy>_2");
        Name(single, "added_tokens.json", "<x>", "<y>", "<z>");
        Assert.Equal(await Picture(single, "a photo of <x> <y> <z> on a table"), await Picture(model, Prompt));
        Assert.NotEqual(await Picture(single, "a photo of <x> on a table"), await Picture(model, Prompt));
    }

    [Fact]
    public async Task A_concept_keeps_the_capitals_of_its_name()
    {
        using ModelCopy model = Learned(1),
            lower = Learned(1),
            exact = Learned(1);
        Name(model, "added_tokens.json", "<Cat-Toy>");
        Name(lower, "added_tokens.json", "<cat-toy>");
        Assert.Equal(await Picture(lower, Prompt), await Picture(model, "a photo of <Cat-Toy> on a table"));
        exact.Edit(
            "tokenizer/tokenizer_config.json",
            (
                "added_tokens_decoder",
                new JsonObject
                {
                    [$"{First}"] = new JsonObject { ["content"] = "<Cat-Toy>", ["normalized"] = false },
                }
            )
        );
        Assert.Equal(await Picture(lower, Prompt), await Picture(exact, "a photo of <Cat-Toy> on a table"));
        Assert.NotEqual(await Picture(lower, Prompt), await Picture(exact, Prompt));
    }

    [Fact]
    public async Task A_token_without_an_embedding_is_refused_with_both_sizes_where_a_prompt_has_it()
    {
        using var model = new ModelCopy();
        Name(model, "added_tokens.json", "<cat-toy>");
        (
            await Q2.RunAsync("generate", model.Path, "--prompt", Prompt, "--steps", "1", "--out", model.Beside("a"))
        ).Refused("<cat-toy>", "784", "783");
        await Picture(model, "a photo of a cat");
    }

    [Fact]
    public async Task Files_that_contradict_one_another_are_refused()
    {
        using ModelCopy model = Learned(2);
        Name(model, "added_tokens.json", "<cat-toy>");
        Name(model, "tokenizer_config.json", "<other>", "<cat-toy>");
        (await Q2.RunAsync("generate", model.Path, "--prompt", Prompt, "--out", model.Beside("a"))).Refused(
            "<cat-toy>",
            "784",
            "785"
        );
    }

    // Appends rows with a fixed pattern to the encoder's embedding table.
    private static ModelCopy Learned(int tokens)
    {
        var model = new ModelCopy();
        model.EditTensors(
            ModelCopy.TextEncoder,
            tensors =>
            {
                (string name, StoredTensor table) = tensors.First(pair =>
                    pair.Key.EndsWith("token_embedding.weight", StringComparison.Ordinal)
                );
                int width = (int)table.Shape[1];
                float[] rows = [.. Enumerable.Range(0, tokens * width).Select(i => (((i * 7) % 13) - 6) / 3f)];
                tensors[name] = StoredTensor.Single([First + tokens, width], [.. table.Singles(), .. rows]);
            }
        );
        model.Edit("text_encoder/config.json", ("vocab_size", First + tokens));
        return model;
    }

    private static void Embeddings(Dictionary<string, StoredTensor> tensors, Action<float[], int> change)
    {
        (string name, StoredTensor table) = tensors.First(pair =>
            pair.Key.EndsWith("token_embedding.weight", StringComparison.Ordinal)
        );
        float[] values = table.Singles();
        change(values, (int)table.Shape[1]);
        tensors[name] = StoredTensor.Single(table.Shape, values);
    }

    private static void Name(ModelCopy model, string file, params string[] names)
    {
        var ids = names.Select((name, i) => (name, Id: First + i)).ToList();
        switch (file)
        {
            case "added_tokens.json":
                File.WriteAllText(
                    model.In("tokenizer/added_tokens.json"),
                    new JsonObject(
                        ids.Select(token => KeyValuePair.Create(token.name, (JsonNode?)token.Id))
                    ).ToJsonString()
                );
                break;
            case "tokenizer_config.json":
                model.Edit(
                    "tokenizer/tokenizer_config.json",
                    (
                        "added_tokens_decoder",
                        new JsonObject(
                            ids.Select(token =>
                                KeyValuePair.Create(
                                    $"{token.Id}",
                                    (JsonNode?)
                                        new JsonObject
                                        {
                                            ["content"] = token.name,
                                            ["lstrip"] = false,
                                            ["normalized"] = true,
                                            ["rstrip"] = false,
                                            ["single_word"] = false,
                                            ["special"] = false,
                                        }
                                )
                            )
                        )
                    )
                );
                break;
            default:
                TokenizerFiles.WriteClipJson(model.In("tokenizer"), ids);
                break;
        }
    }

    private static async Task<byte[]> Picture(ModelCopy model, string prompt)
    {
        Q2Result result = await Q2.RunAsync(
            "generate",
            model.Path,
            "--prompt",
            prompt,
            "--steps",
            "1",
            "--quiet",
            "--json",
            "--out",
            model.Beside($"{Guid.NewGuid()}")
        );
        return Pictures.Pixels(result.Succeeded().Json.GetProperty("images")[0].GetProperty("path").GetString()!);
    }
}
