using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Paths that are models, and not pipeline folders.</summary>
public sealed class ForeignPathTests
{
    private static readonly StoredTensor One = StoredTensor.Single([1], 1);

    [Theory]
    [InlineData("StableDiffusionPipeline.from_single_file", "model.diffusion_model.input_blocks.0.0.weight", "first_stage_model.encoder.conv_in.weight")]
    [InlineData("StableDiffusionXLPipeline.from_single_file", "model.diffusion_model.input_blocks.0.0.weight", "model.diffusion_model.label_emb.0.0.weight", "conditioner.embedders.0.transformer.a")]
    [InlineData("StableDiffusion3Pipeline.from_single_file", "model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight", "first_stage_model.decoder.conv_in.weight")]
    [InlineData("FluxTransformer2DModel.from_single_file", "double_blocks.0.img_attn.qkv.weight", "img_in.weight")]
    [InlineData("UNet2DConditionModel.from_single_file", "input_blocks.0.0.weight", "out.2.weight")]
    [InlineData("LoRA", "lora_unet_down_blocks_0.lora_up.weight", "lora_unet_down_blocks_0.lora_down.weight")]
    [InlineData("from_single_file", "something.else")]
    public async Task A_single_file_checkpoint_is_given(string words, params string[] tensors)
    {
        using ModelCopy model = new("");
        model.Save("dreamy_v8.safetensors", tensors.ToDictionary(name => name, _ => One));
        foreach (string path in new[] { model.In("dreamy_v8.safetensors"), model.Path })
        {
            foreach (string verb in new[] { "inspect", "run" }) (await Q2.RunAsync(verb, path)).Refused("dreamy_v8.safetensors", words);
        }
    }

    [Theory]
    [InlineData("flux1-dev-Q4_K_S.gguf", "GGUF", "GGUFQuantizationConfig")]
    [InlineData("v1-5-pruned.ckpt", "anything", "pickle")]
    [InlineData("model.onnx", "anything", "exported program")]
    [InlineData("notes.txt", "anything", "model_index.json")]
    [InlineData("dreamy.safetensors", "version https://git-lfs.github.com/spec/v1\nsize 5\n", "git lfs pull")]
    [InlineData("model_index.json", "{}", "give the folder")]
    public async Task A_file_of_another_kind_is_given(string name, string content, string words)
    {
        using ModelCopy model = new("");
        File.WriteAllText(model.In(name), content);
        (await Q2.RunAsync("inspect", model.In(name))).Refused(name, words);
    }

    [Fact]
    public async Task A_folder_near_the_pipeline_is_given()
    {
        using ModelCopy model = new();
        (await Q2.RunAsync("inspect", model.In("unet"))).Refused(model.Path, "one component");
        (await Q2.RunAsync("inspect", Path.GetDirectoryName(model.Path)!)).Refused(model.Path, "give that folder");
        string cache = model.Beside("models--somebody--something");
        ModelCopy.CopyFolder(model.Path, Path.Combine(cache, "snapshots", "0123abcd"));
        (await Q2.RunAsync("inspect", cache)).Refused("0123abcd", "give that folder");
    }

    [Theory]
    [InlineData("pytorch_lora_weights.safetensors", "LoRA")]
    [InlineData("adapter_config.json", "LoRA")]
    [InlineData("config.json", "single network")]
    public async Task A_folder_of_another_kind_is_given(string file, string words)
    {
        using ModelCopy model = new("");
        if (file.EndsWith(".json", StringComparison.Ordinal)) File.WriteAllText(model.In(file), "{}");
        else model.Save(file, new Dictionary<string, StoredTensor> { ["a"] = One });
        (await Q2.RunAsync("inspect", model.Path)).Refused(words);
    }
}
