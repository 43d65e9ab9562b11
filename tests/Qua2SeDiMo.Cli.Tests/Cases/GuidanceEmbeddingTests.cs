using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>
/// U-Nets that were distilled to one pass per step take the guidance scale as an input. The first layer of their time
/// embedding is linear, so the contribution of the guidance can be moved into its bias: an ordinary U-Net with that
/// bias, computed here in double precision, must generate the same image without guidance.
/// </summary>
public sealed class GuidanceEmbeddingTests
{
    private const int Width = 16;
    private const double Guidance = 6.5;

    [Theory]
    [InlineData("stable-diffusion-15")]
    [InlineData("stable-diffusion-xl")]
    public async Task The_guidance_is_an_input_and_the_denoiser_runs_once(string pipeline)
    {
        using var told = new ModelCopy(pipeline);
        using var folded = new ModelCopy(pipeline);
        told.Edit("unet/config.json", ("time_cond_proj_dim", Width));
        told.EditTensors(
            ModelCopy.UNet,
            tensors =>
            {
                long sinusoid = tensors["time_embedding.linear_1.weight"].Shape[1];
                tensors["time_embedding.cond_proj.weight"] = StoredTensor.Single(
                    [sinusoid, Width],
                    [.. Enumerable.Range(0, (int)sinusoid * Width).Select(i => 0.3f * MathF.Sin(i))]
                );
            }
        );
        float[] projection = told.Load(ModelCopy.UNet)["time_embedding.cond_proj.weight"].Singles();
        folded.EditTensors(
            ModelCopy.UNet,
            tensors => tensors["time_embedding.linear_1.bias"] = Folded(tensors, projection, Embedding(Guidance))
        );

        float[] pixels = await Pictures.OfAsync(told.Path, "--guidance", "6.5");
        float[] expected = await Pictures.OfAsync(folded.Path, "--guidance", "1");
        // Single precision changes a few pixels by 1/255.
        Assert.All(expected.Zip(pixels), pair => Assert.Equal(pair.First, pair.Second, 1.5 / 255));
        Assert.InRange(expected.Zip(pixels).Count(pair => pair.First != pair.Second), 0, expected.Length / 20);
        Assert.Equal(pixels, await Pictures.OfAsync(told.Path, "--guidance", "6.5", "--negative-prompt", "a dog"));
        Assert.NotEqual(pixels, await Pictures.OfAsync(told.Path, "--guidance", "3"));
    }

    [Fact]
    public async Task Graph_bank_and_packed_model_have_the_projection_too()
    {
        using var told = new ModelCopy();
        told.Edit("unet/config.json", ("time_cond_proj_dim", Width));
        told.EditTensors(
            ModelCopy.UNet,
            tensors =>
                tensors["time_embedding.cond_proj.weight"] = StoredTensor.Single(
                    [8, Width],
                    [.. Enumerable.Range(0, 8 * Width).Select(i => MathF.Sin(i))]
                )
        );
        string run = told.Beside("r");
        (await Q2.RunAsync("graph", told.Path, "--run", run)).Succeeded();
        (await Q2.RunAsync("bank", told.Path, "--run", run)).Succeeded();
        JsonNode bank = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(run, "bank", "bank.json")))!;
        string[] names = [.. bank["weights"]!.AsArray().Select(weight => (string)weight!["name"]!)];
        Assert.Contains("time_embedding.cond_proj", names);
        string allocation = told.Beside("u4.json");
        await File.WriteAllTextAsync(
            allocation,
            new JsonObject(names.Select(name => KeyValuePair.Create(name, (JsonNode?)"uaq-4"))).ToJsonString()
        );
        (
            await Q2.RunAsync(
                "pack",
                told.Path,
                "--run",
                run,
                "--allocation",
                allocation,
                "--out",
                told.Beside("packed")
            )
        ).Succeeded();
        Assert.Equal(
            await Pictures.OfAsync(told.Path, "--run", run, "--allocation", allocation),
            await Pictures.OfAsync(told.Beside("packed"))
        );
    }

    private static StoredTensor Folded(Dictionary<string, StoredTensor> tensors, float[] projection, double[] embedding)
    {
        float[] weight = tensors["time_embedding.linear_1.weight"].Singles();
        int inputs = projection.Length / Width;
        double[] added =
        [
            .. Enumerable
                .Range(0, inputs)
                .Select(input => Enumerable.Range(0, Width).Sum(k => projection[(input * Width) + k] * embedding[k])),
        ];
        return tensors["time_embedding.linear_1.bias"]
            .Map(
                (bias, output) =>
                    (float)(
                        bias
                        + Enumerable.Range(0, inputs).Sum(input => weight[(output * inputs) + input] * added[input])
                    )
            );
    }

    private static double[] Embedding(double scale)
    {
        double[] angles =
        [
            .. Enumerable
                .Range(0, Width / 2)
                .Select(i => 1000 * (scale - 1) * Math.Exp(-Math.Log(10000) * i / ((Width / 2) - 1))),
        ];
        return [.. angles.Select(Math.Sin), .. angles.Select(Math.Cos)];
    }
}
