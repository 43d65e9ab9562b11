using System.Text.Json.Nodes;
using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Xunit;

namespace Qua2SeDiMo.Tests.Architectures;

/// <summary>Configurations that no checkpoint fits are rejected with an error message, never with a crash or a huge
/// allocation.</summary>
public sealed class HostileConfigurationTests
{
    [Theory]
    [InlineData("pixart-alpha-512", "patch_size", "0")]
    [InlineData("pixart-alpha-512", "patch_size", "3")]
    [InlineData("pixart-alpha-512", "num_attention_heads", "0")]
    [InlineData("pixart-alpha-512", "num_attention_heads", "-4")]
    [InlineData("pixart-alpha-512", "num_layers", "1000000")]
    [InlineData("pixart-alpha-512", "sample_size", "0")]
    [InlineData("pixart-alpha-512", "sample_size", "2000000000")]
    [InlineData("pixart-alpha-512", "activation_fn", "\"snake\"")]
    [InlineData("pixart-alpha-512", "attention_type", "\"gated\"")]
    [InlineData("pixart-alpha-512", "caption_channels", "2000000000")]
    [InlineData("pixart-alpha-512", "interpolation_scale", "0")]
    [InlineData("pixart-alpha-1024-ms", "num_attention_heads", "5")]
    [InlineData("dit", "num_layers", "0")]
    [InlineData("dit", "num_embeds_ada_norm", "2147483647")]
    [InlineData("unet-sd15", "norm_num_groups", "7")]
    [InlineData("unet-sd15", "attention_head_dim", "0")]
    [InlineData("unet-sd15", "layers_per_block", "[1, 1]")]
    [InlineData("unet-sd15", "block_out_channels", "[]")]
    [InlineData("unet-sd15", "down_block_types", "[\"DownBlock2D\"]")]
    [InlineData("unet-sd15", "mid_block_type", "\"UNetMidBlock2DSimpleCrossAttn\"")]
    [InlineData("unet-sdxl", "addition_embed_type", "\"image\"")]
    [InlineData("vae-sd", "down_block_types", "[\"DownBlock2D\", \"DownBlock2D\"]")]
    [InlineData("vae-tiny", "num_encoder_blocks", "[1]")]
    [InlineData("vae-tiny", "act_fn", "\"snake\"")]
    [InlineData("t5-encoder", "relative_attention_num_buckets", "1")]
    [InlineData("t5-encoder", "relative_attention_max_distance", "2000000000")]
    [InlineData("t5-encoder", "dense_act_fn", "\"snake\"")]
    [InlineData("clip-text", "num_attention_heads", "5")]
    [InlineData("clip-text", "max_position_embeddings", "2000000000")]
    [InlineData("clip-vision-projection", "patch_size", "0")]
    [InlineData("hunyuan-dit-v1.1", "num_layers", "5")]
    [InlineData("hunyuan-dit-v1.1", "hidden_size", "40")]
    [InlineData("hunyuan-dit-v1.1", "norm_type", "\"rms_norm\"")]
    [InlineData("hunyuan-dit-v1.1", "cross_attention_dim_t5", "50")]
    [InlineData("hunyuan-dit-v1.1", "activation_fn", "\"snake\"")]
    [InlineData("hunyuan-dit-v1.1", "attention_head_dim", "7")]
    [InlineData("hunyuan-dit-v1.1", "text_len", "2000000000")]
    [InlineData("sd3", "qk_norm", "\"l2\"")]
    [InlineData("sd3", "qk_norm", "\"rms_norm_across_heads\"")]
    [InlineData("sd3", "caption_projection_dim", "48")]
    [InlineData("sd3", "pos_embed_max_size", "4")]
    [InlineData("sd3", "pos_embed_max_size", "2000000000")]
    [InlineData("flux-dev", "axes_dims_rope", "[4, 6]")]
    [InlineData("flux-dev", "axes_dims_rope", "[5, 5, 6]")]
    [InlineData("flux-dev", "axes_dims_rope", "[-2, 12, 6]")]
    [InlineData("sana", "qk_norm", "\"rms_norm\"")]
    [InlineData("sana", "cross_attention_dim", "null")]
    [InlineData("sana", "cross_attention_dim", "64")]
    [InlineData("sana", "mlp_ratio", "1e300")]
    [InlineData("sana", "interpolation_scale", "0")]
    [InlineData("lumina2", "num_kv_heads", "3")]
    [InlineData("lumina2", "axes_dim_rope", "[4, 4]")]
    [InlineData("lumina2", "multiple_of", "0")]
    [InlineData("lumina2", "patch_size", "5")]
    [InlineData("auraflow", "pos_embed_max_size", "9")]
    [InlineData("auraflow", "patch_size", "5")]
    [InlineData("auraflow", "caption_projection_dim", "31")]
    [InlineData("bert", "position_embedding_type", "\"relative_key\"")]
    [InlineData("bert", "num_attention_heads", "5")]
    [InlineData("bert", "hidden_act", "\"snake\"")]
    [InlineData("bert", "is_decoder", "true")]
    public void A_setting_that_cannot_be_is_refused(string name, string key, string value)
    {
        string folder = RepositoryFiles.Golden($"architectures/{name}");
        JsonObject root = ComponentConfig.Read(Path.Combine(folder, "config.json")).Root;
        root[key] = JsonNode.Parse(value);
        ComponentConfig config = ComponentConfig.Parse(root.ToJsonString(), $"{name}/config.json");
        string[] files =
        [
            Path.Combine(folder, "diffusion_pytorch_model.safetensors"),
            Path.Combine(folder, "model.safetensors"),
        ];
        using SafetensorsFile tensors = SafetensorsFile.Open(files.First(File.Exists));

        // A setting may affect only one of an autoencoder's two parts, so at least one must reject it.
        Q2Exception[] errors =
        [
            .. ArchitectureCatalog
                .Find(config)
                .Parts.Select(part =>
                    Record.Exception(() => ArchitectureCatalog.Build(new BuildRequest(config, tensors) { Part = part }))
                )
                .OfType<Q2Exception>(),
        ];

        Assert.NotEmpty(errors);
    }

    [Fact]
    public void An_unknown_class_is_named()
    {
        ComponentConfig config = ComponentConfig.Parse("""{"_class_name": "NoSuchModel"}""", "folder/config.json");

        ArchitectureException error = Assert.Throws<ArchitectureException>(() => ArchitectureCatalog.Find(config));

        Assert.Contains("NoSuchModel", error.Message, StringComparison.Ordinal);
        Assert.Contains("folder/config.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_size_that_makes_no_image_is_refused()
    {
        string folder = RepositoryFiles.Golden("architectures/dit");
        ComponentConfig config = ComponentConfig.Read(Path.Combine(folder, "config.json"));
        using SafetensorsFile tensors = SafetensorsFile.Open(
            Path.Combine(folder, "diffusion_pytorch_model.safetensors")
        );

        Assert.Throws<ArchitectureException>(() =>
            ArchitectureCatalog.Build(new BuildRequest(config, tensors) { Height = 16, Width = 24 })
        );
        Assert.Throws<ArchitectureException>(() =>
            ArchitectureCatalog.Build(new BuildRequest(config, tensors) { Height = 0, Width = 0 })
        );
        Assert.Throws<ArchitectureException>(() =>
            ArchitectureCatalog.Build(new BuildRequest(config, tensors) { Part = GraphPart.Decode })
        );
    }
}
