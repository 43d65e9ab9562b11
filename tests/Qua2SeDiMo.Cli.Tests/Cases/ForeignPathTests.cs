using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Paths of models that are not pipeline folders.</summary>
public sealed class ForeignPathTests
{
    [Fact]
    public async Task A_single_file_checkpoint_is_given()
    {
        using ModelCopy model = new("");
        model.Save(
            "dreamy_v8.safetensors",
            new Dictionary<string, StoredTensor>
            {
                ["model.diffusion_model.input_blocks.0.0.weight"] = StoredTensor.Single([1], 1),
                ["first_stage_model.encoder.conv_in.weight"] = StoredTensor.Single([1], 1),
            }
        );
        foreach (string path in new[] { model.In("dreamy_v8.safetensors"), model.Path })
        {
            (await Q2.RunAsync("inspect", path)).Refused(
                "single-file checkpoint",
                "StableDiffusionPipeline.from_single_file",
                "save_pretrained"
            );
        }
        (await Q2.RunAsync("run", model.In("dreamy_v8.safetensors"))).Refused("single-file checkpoint");
    }

    [Fact]
    public async Task A_folder_near_the_pipeline_is_given()
    {
        using ModelCopy model = new();
        (await Q2.RunAsync("inspect", model.In("unet"))).Refused(model.Path, "one component");
        (await Q2.RunAsync("inspect", Path.GetDirectoryName(model.Path)!)).Refused(model.Path, "give that folder");
    }
}
