using Qua2SeDiMo.Models;
using Xunit;

namespace Qua2SeDiMo.Tests.Models;

public sealed class ForeignPathTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-foreign-");

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData(
        "StableDiffusionPipeline.from_single_file",
        "model.diffusion_model.input_blocks.0.0.weight",
        "first_stage_model.encoder.conv_in.weight"
    )]
    [InlineData(
        "StableDiffusionXLPipeline.from_single_file",
        "model.diffusion_model.input_blocks.0.0.weight",
        "model.diffusion_model.label_emb.0.0.weight",
        "conditioner.embedders.0.transformer.a"
    )]
    [InlineData(
        "StableDiffusion3Pipeline.from_single_file",
        "model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight",
        "first_stage_model.decoder.conv_in.weight"
    )]
    [InlineData("FluxTransformer2DModel.from_single_file", "double_blocks.0.img_attn.qkv.weight", "img_in.weight")]
    [InlineData("UNet2DConditionModel.from_single_file", "input_blocks.0.0.weight", "out.2.weight")]
    [InlineData("LoRA", "lora_unet_down_blocks_0.lora_up.weight", "lora_unet_down_blocks_0.lora_down.weight")]
    [InlineData("from_single_file", "something.else")]
    public void A_single_file_is_named_with_the_call_that_makes_a_folder_of_it(string words, params string[] tensors)
    {
        string path = In("dreamy_v8.safetensors");
        SafetensorsWriter.Write(
            path,
            [.. tensors.Select(name => SafetensorsWriter.Item.Single(name, [1], new float[1]))]
        );
        Refuses(path, "dreamy_v8.safetensors", words);
        Refuses(folder.FullName, "dreamy_v8.safetensors", words);
    }

    [Theory]
    [InlineData("flux1-dev-Q4_K_S.gguf", "GGUF", "GGUFQuantizationConfig")]
    [InlineData("v1-5-pruned.ckpt", "anything", "pickle")]
    [InlineData("model.onnx", "anything", "exported program")]
    [InlineData("notes.txt", "anything", "model_index.json")]
    [InlineData("dreamy.safetensors", "version https://git-lfs.github.com/spec/v1\nsize 5\n", "git lfs pull")]
    [InlineData("empty.safetensors", "", "empty")]
    [InlineData("model_index.json", "{}", "give the folder")]
    public void A_file_of_another_kind_is_named(string name, string content, string words)
    {
        File.WriteAllText(In(name), content);
        Refuses(In(name), name, words);
    }

    [Theory]
    [InlineData("pytorch_lora_weights.safetensors", "LoRA")]
    [InlineData("adapter_config.json", "LoRA")]
    [InlineData("config.json", "single network")]
    [InlineData("notes.txt", "no model_index.json")]
    public void A_folder_of_another_kind_is_named(string file, string words)
    {
        File.WriteAllText(In(file), "{}");
        Refuses(folder.FullName, folder.FullName, words);
    }

    [Fact]
    public void The_pipeline_below_a_download_cache_is_pointed_at()
    {
        Directory.CreateDirectory(In("snapshots/0123abcd"));
        File.WriteAllText(In("snapshots/0123abcd/model_index.json"), "{}");
        Refuses(folder.FullName, In("snapshots/0123abcd"), "give that folder");
    }

    private static void Refuses(string path, params string[] words)
    {
        Q2Exception error = Assert.ThrowsAny<Q2Exception>(() => ModelFolder.Open(path));
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }

    private string In(string relative) => Path.Combine(folder.FullName, relative);
}
