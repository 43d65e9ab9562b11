using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

public sealed class SizeConditionTests
{
    private const string TimeIds = "denoiser.call0.added_cond_kwargs.time_ids";

    [Fact]
    public async Task Sizes_change_the_picture_and_their_defaults_do_not()
    {
        using var model = new ModelCopy("stable-diffusion-xl");
        byte[] plain = await Picture(model, "plain");
        Assert.Equal(
            plain,
            await Picture(model, "defaults", "--original-size", "64x48", "--crop", "0,0", "--target-size", "64x48")
        );
        Assert.Equal(
            plain,
            await Picture(model, "twins", "--negative-original-size", "64x48", "--negative-target-size", "64x48")
        );

        byte[][] different =
        [
            plain,
            await Picture(model, "original", "--original-size", "512x256"),
            await Picture(model, "swapped", "--original-size", "256x512"),
            await Picture(model, "crop", "--crop", "16,0"),
            await Picture(model, "left", "--crop", "0,16"),
            await Picture(model, "target", "--target-size", "512x256"),
            await Picture(model, "negative", "--negative-original-size", "512x256", "--negative-target-size", "64x48"),
            await Picture(
                model,
                "negative-crop",
                "--negative-original-size",
                "512x256",
                "--negative-target-size",
                "64x48",
                "--negative-crop",
                "8,8"
            ),
        ];
        Assert.Equal(different.Length, different.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public async Task Other_pipelines_refuse_sizes_by_name()
    {
        using var model = new ModelCopy();
        (
            await Q2.RunAsync("generate", model.Path, "--prompt", "a", "--crop", "0,0", "--out", model.Beside("a"))
        ).Refused("StableDiffusionPipeline", "StableDiffusionXLPipeline");
    }

    [Fact]
    public async Task A_denoiser_that_takes_another_number_of_sizes_is_refused()
    {
        using var model = new ModelCopy("stable-diffusion-xl");
        model.Edit("text_encoder_2/config.json", ("projection_dim", 7));
        Q2Result result = await Q2.RunAsync("generate", model.Path, "--prompt", "a", "--out", model.Beside("a"));
        Assert.Equal(2, result.ExitCode);
    }

    [Theory]
    [InlineData("--original-size", "64")]
    [InlineData("--original-size", "64x48x3")]
    [InlineData("--target-size", "64.5x48")]
    [InlineData("--target-size", "-64x48")]
    [InlineData("--crop", "4")]
    [InlineData("--crop", "4,-1")]
    [InlineData("--crop", "1,2,3")]
    [InlineData("--negative-crop", "1,2")]
    [InlineData("--negative-original-size", "64x64")]
    public async Task What_is_no_size_or_has_no_effect_is_refused_with_what_would_work(string option, string value)
    {
        using var model = new ModelCopy("stable-diffusion-xl");
        Q2Result result = await Q2.RunAsync(
            "generate",
            model.Path,
            "--prompt",
            "a",
            option,
            value,
            "--out",
            model.Beside("a")
        );
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(option, result.Errors, StringComparison.Ordinal);
    }

    // The sizes of a diffusers call with two prompts: negative and other sizes alternate over the four rows.
    [Fact]
    public async Task A_reference_with_sizes_is_compared_with_those_sizes()
    {
        using var model = new ModelCopy("stable-diffusion-xl");
        Restore(model);
        Call(
            model,
            call =>
            {
                call["original_size"] = new JsonArray(512, 384);
                call["crops_coords_top_left"] = new JsonArray(3, 5);
                call["negative_original_size"] = new JsonArray(100, 200);
                call["negative_target_size"] = new JsonArray(300, 400);
            }
        );
        float[] negative = [100, 200, 0, 0, 300, 400],
            other = [512, 384, 3, 5, 64, 48];
        model.EditTensors(
            "reference.safetensors",
            tensors =>
                tensors[TimeIds] = new StoredTensor(
                    "F32",
                    [4, 6],
                    Bytes([.. negative, .. other, .. negative, .. other])
                )
        );
        Assert.True(Passed(await Q2.RunAsync("verify", model.Path, "--json"), TimeIds));

        Call(model, call => call["negative_target_size"] = null);
        Assert.False(Passed(await Q2.RunAsync("verify", model.Path, "--json"), TimeIds));
    }

    [Fact]
    public async Task A_reference_made_with_an_argument_that_is_not_understood_fails_by_name()
    {
        using var model = new ModelCopy("stable-diffusion-xl");
        Restore(model);
        Assert.Equal(0, (await Q2.RunAsync("verify", model.Path)).ExitCode);

        Call(model, call => call["prompt_2"] = "something else");
        Q2Result result = await Q2.RunAsync("verify", model.Path);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("'prompt_2'", result.Output, StringComparison.Ordinal);
    }

    private static void Restore(ModelCopy model)
    {
        foreach (string name in new[] { "pipeline.json", "reference.safetensors" })
            File.Copy(RepositoryFiles.Golden($"pipelines/stable-diffusion-xl/{name}"), model.In(name));
    }

    private static void Call(ModelCopy model, Action<JsonObject> change)
    {
        JsonObject call = JsonNode.Parse(File.ReadAllText(model.In("pipeline.json")))!["call"]!.DeepClone().AsObject();
        change(call);
        model.Edit("pipeline.json", ("call", call));
    }

    private static bool Passed(Q2Result result, string output) =>
        result
            .Json.GetProperty("cases")
            .EnumerateArray()
            .SelectMany(item => item.GetProperty("results").EnumerateArray())
            .Single(item => item.GetProperty("output").GetString() == output)
            .GetProperty("passed")
            .GetBoolean();

    private static byte[] Bytes(float[] values)
    {
        byte[] bytes = new byte[4 * values.Length];
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), values[i]);
        return bytes;
    }

    private static async Task<byte[]> Picture(ModelCopy model, string name, params string[] options)
    {
        string[] request =
        [
            "generate",
            model.Path,
            "--prompt",
            "a cat",
            "--height",
            "64",
            "--width",
            "48",
            "--steps",
            "2",
            "--quiet",
            "--json",
            "--out",
            model.Beside(name),
        ];
        JsonElement images = (await Q2.RunAsync([.. request, .. options])).Succeeded().Json.GetProperty("images");
        return Pictures.Pixels(images[0].GetProperty("path").GetString()!);
    }
}
