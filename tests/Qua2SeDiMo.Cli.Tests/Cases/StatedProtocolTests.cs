using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Allocations whose file states the protocol of their labels are labelled by that protocol, or the difference
/// is reported.</summary>
public sealed class StatedProtocolTests : IDisposable
{
    private readonly ModelCopy model = new();

    public void Dispose() => model.Dispose();

    [Fact]
    public async Task Allocations_are_labelled_by_the_protocol_of_their_file()
    {
        Directory.CreateDirectory(model.Beside("labels/set"));
        File.WriteAllText(model.Beside("labels/prompts.txt"), "a red apple\na green leaf\na blue door\n");
        JsonObject stated = new()
        {
            ["steps"] = 1,
            ["guidance_scale"] = 2.5,
            ["seeds"] = "7 + image index",
            ["prompts"] = "first 2 lines of prompts.txt",
            ["trials"] = new JsonArray(
                new JsonObject
                {
                    ["name"] = "full",
                    ["allocation"] = null,
                    ["average_bits"] = 32.0,
                    ["metrics"] = new JsonObject { ["ssim_mean"] = 1.0 },
                }
            ),
        };
        string file = model.Beside("labels/set/trials.json");
        File.WriteAllText(file, stated.ToJsonString());

        Q2Result own = (await StudyAsync("a", file)).Succeeded();
        Assert.Equal(7, own.Json.GetProperty("trials")[0].GetProperty("seed").GetInt64());
        Assert.True(own.Json.GetProperty("agrees").GetBoolean());
        Assert.Contains(
            own.Json.GetProperty("differences").EnumerateArray(),
            row => row.GetProperty("metric").GetString() == "ssim"
        );
        Assert.Empty(own.Json.GetProperty("notAsStated").EnumerateArray());

        // The same settings as options give the same images.
        string prompts = model.Beside("labels/prompts.txt");
        Q2Result byHand = (
            await StudyAsync(
                "b",
                file,
                "--steps",
                "1",
                "--guidance",
                "2.5",
                "--seed",
                "7",
                "--images",
                "2",
                "--prompts",
                prompts
            )
        ).Succeeded();
        Assert.Empty(byHand.Json.GetProperty("notAsStated").EnumerateArray());
        Assert.Equal(Pictures("a"), Pictures("b"));

        // Other steps are reported, and labels of images are not compared.
        Q2Result other = (await StudyAsync("c", file, "--steps", "2")).Succeeded();
        Assert.Contains("--steps", other.Json.GetProperty("notAsStated")[0].GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(
            other.Json.GetProperty("differences").EnumerateArray(),
            row => row.GetProperty("metric").GetString() == "ssim"
        );
        Assert.NotEqual(Pictures("a"), Pictures("c"));
    }

    [Fact]
    public async Task A_protocol_that_is_not_understood_is_said_and_nothing_is_compared()
    {
        string file = model.Beside("trials.json");
        File.WriteAllText(
            file,
            """{"seeds": "by moonlight", "trials": [{"allocation": null, "metrics": {"ssim_mean": 0.5}}]}"""
        );

        Q2Result result = (await StudyAsync("a", file, "--steps", "1", "--images", "1")).Succeeded();

        Assert.Contains(
            "by moonlight",
            result.Json.GetProperty("notAsStated")[0].GetString(),
            StringComparison.Ordinal
        );
        Assert.Empty(result.Json.GetProperty("differences").EnumerateArray());
    }

    private Task<Q2Result> StudyAsync(string run, string file, params string[] more) =>
        Q2.RunAsync([
            "study",
            model.Path,
            "--run",
            model.Beside(run),
            "--allocations",
            file,
            "--quiet",
            "--json",
            .. more,
        ]);

    private byte[] Pictures(string run)
    {
        StoredTensor images = model.Load($"../{run}/full-precision.safetensors")["images"];
        return images.Data;
    }
}
