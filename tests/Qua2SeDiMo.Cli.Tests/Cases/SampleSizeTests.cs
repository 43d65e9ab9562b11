using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>A denoiser whose sample_size is [height, width] generates images of that shape by default.</summary>
public sealed class SampleSizeTests
{
    [Theory]
    [InlineData("stable-diffusion-15", "unet")]
    [InlineData("stable-diffusion-xl", "unet")]
    [InlineData("pixart-sigma", "transformer")]
    [InlineData("stable-diffusion-3", "transformer")]
    public async Task A_pair_is_height_and_width(string pipeline, string denoiser)
    {
        using var model = new ModelCopy(pipeline);
        model.Edit($"{denoiser}/config.json", ("sample_size", new JsonArray(8, 16)));
        (float[] own, int height, int width) = await Pictures.SizedAsync(model.Path);
        Assert.Equal((64, 128), (height, width));
        Assert.Equal(own, await Pictures.OfAsync(model.Path, "--height", "64", "--width", "128"));
        (await Q2.RunAsync("graph", model.Path, "--run", model.Beside("run"), "--no-onnx")).Succeeded();
    }

    [Theory]
    [InlineData("[8, 8, 8]")]
    [InlineData("[]")]
    [InlineData("[8, 0]")]
    [InlineData("-8")]
    public async Task Anything_else_is_refused(string size)
    {
        using var model = new ModelCopy();
        model.Edit("unet/config.json", ("sample_size", JsonNode.Parse(size)));
        (await Q2.RunAsync("inspect", model.Path)).Refused("sample_size", "[height, width]");
    }
}
