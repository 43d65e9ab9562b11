using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Pipelines that need more than a prompt, or whose components were exported.</summary>
public sealed class PipelineKindTests
{
    [Theory]
    [InlineData("ORTStableDiffusionPipeline")]
    [InlineData("OnnxStableDiffusionPipeline")]
    [InlineData("StableDiffusionPipeline")]
    public async Task A_whole_pipeline_was_exported(string className)
    {
        using ModelCopy model = new();
        model.Edit(
            "model_index.json",
            ("_class_name", className),
            ("vae", null),
            ("vae_decoder", new JsonArray("optimum.onnxruntime.modeling_diffusion", "ORTVaeDecoder")),
            ("vae_encoder", new JsonArray("optimum.onnxruntime.modeling_diffusion", "ORTVaeEncoder"))
        );
        ModelCopy.CopyFolder(model.In("vae"), model.In("vae_encoder"));
        Directory.Move(model.In("vae"), model.In("vae_decoder"));
        File.Delete(model.In("unet/config.json"));
        (await Q2.RunAsync("inspect", model.Path)).Refused("exported as ONNX", "vae_decoder", "unet/model.onnx");
        (await Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--out", model.Beside("out"))).Refused(
            "exported as ONNX",
            "vae_decoder",
            "unet/model.onnx"
        );
    }

    [Fact]
    public async Task Text_encoder_and_autoencoder_are_exported_under_the_names_of_the_original()
    {
        foreach (string component in new[] { "text_encoder", "vae" })
        {
            using ModelCopy model = new();
            foreach (string file in Directory.EnumerateFiles(model.In(component), "*.safetensors"))
            {
                File.Move(file, Path.Combine(model.In(component), "model.onnx"));
            }
            (await Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--out", model.Beside("out"))).Refused(
                component,
                "model.onnx",
                "denoiser"
            );
        }
    }

    [Theory]
    [InlineData("OVStableDiffusionPipeline", "OpenVINO")]
    [InlineData("FlaxStableDiffusionPipeline", "JAX")]
    public async Task A_pipeline_is_of_another_runtime(string className, string words)
    {
        using ModelCopy model = new();
        model.Edit("model_index.json", ("_class_name", className));
        (await Q2.RunAsync("inspect", model.Path)).Refused(className, words);
    }

    [Theory]
    [InlineData("StableDiffusionImg2ImgPipeline", "an image to start from")]
    [InlineData("StableDiffusionInpaintPipeline", "a mask")]
    [InlineData("StableDiffusionControlNetPipeline", "a control image")]
    public async Task A_pipeline_with_the_components_of_a_plain_one_needs_an_image(string className, string needs)
    {
        using ModelCopy plain = new(),
            model = new();
        model.Edit("model_index.json", ("_class_name", className));
        (await Generate(model)).Refused(className, needs, "_class_name", "StableDiffusionPipeline");
        Assert.Contains(needs, (await Q2.RunAsync("inspect", model.Path)).Succeeded().Output, StringComparison.Ordinal);
        model.Edit("model_index.json", ("_class_name", "StableDiffusionPipeline"));
        await Pictures.AreEqualAsync(plain.Path, model.Path);
    }

    [Theory]
    [InlineData(9, "inpainting")]
    [InlineData(8, "InstructPix2Pix")]
    [InlineData(5, "depth")]
    [InlineData(7, "upscaler")]
    public async Task A_denoiser_takes_more_than_latents(int channels, string kind)
    {
        foreach (string className in new[] { "StableDiffusionPipeline", "StableDiffusionInpaintPipeline" })
        {
            using ModelCopy model = new();
            model.Edit("model_index.json", ("_class_name", className));
            model.Edit("unet/config.json", ("in_channels", channels));
            model.EditTensors(
                ModelCopy.UNet,
                tensors =>
                {
                    long[] shape = [tensors["conv_in.weight"].Shape[0], channels, 3, 3];
                    tensors["conv_in.weight"] = StoredTensor.Single(
                        shape,
                        new float[shape.Aggregate(1L, (a, b) => a * b)]
                    );
                }
            );
            Q2Result refused = (await Generate(model)).Refused();
            if (className == "StableDiffusionPipeline")
                Assert.Contains(kind, refused.Errors, StringComparison.Ordinal);
            else
                Assert.DoesNotContain("name that as _class_name", refused.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_pipeline_has_code_of_its_own()
    {
        using ModelCopy model = new();
        model.Edit("model_index.json", ("_class_name", new JsonArray("my_pipeline", "StableDiffusionPipeline")));
        (await Generate(model)).Refused("my_pipeline.StableDiffusionPipeline", "never run");
        Assert.Contains(
            "own code",
            (await Q2.RunAsync("inspect", model.Path)).Succeeded().Output,
            StringComparison.Ordinal
        );
    }

    private static Task<Q2Result> Generate(ModelCopy model) =>
        Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--steps", "1", "--out", model.Beside("out"));
}
