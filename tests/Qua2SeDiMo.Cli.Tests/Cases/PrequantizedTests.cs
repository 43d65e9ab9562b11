using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Weights that are not plain numbers are rejected with the finding and a remedy, in every component and for
/// every mark.</summary>
public sealed class PrequantizedTests
{
    private const string GiveOriginal = "give the original";

    [Fact]
    public async Task Eight_bits_of_bitsandbytes()
    {
        using var model = new ModelCopy();
        model.EditTensors(
            ModelCopy.UNet,
            tensors =>
                Quantize(
                    tensors,
                    (name, tensor) =>
                    {
                        tensors[name] = new StoredTensor("I8", tensor.Shape, new byte[tensor.Data.Length / 4]);
                        tensors[name.Replace("weight", "SCB", StringComparison.Ordinal)] = StoredTensor.Single(
                            [tensor.Shape[0]],
                            new float[tensor.Shape[0]]
                        );
                    }
                )
        );
        model.Edit(
            "unet/config.json",
            ("quantization_config", JsonNode.Parse("""{"quant_method": "bitsandbytes", "load_in_8bit": true}"""))
        );
        foreach (
            string[] verb in new[] { ["bank", model.Path, "--run", model.Beside("r")], new[] { "inspect", model.Path } }
        )
        {
            (await Q2.RunAsync(verb)).Refused("bitsandbytes", "quantization_config", "SCB", GiveOriginal);
        }
    }

    [Fact]
    public async Task Four_bits_of_bitsandbytes_without_a_word_in_the_configuration()
    {
        using var model = new ModelCopy();
        model.EditTensors(
            ModelCopy.UNet,
            tensors =>
                Quantize(
                    tensors,
                    (name, tensor) =>
                    {
                        tensors[name] = new StoredTensor(
                            "U8",
                            [tensor.Data.Length / 8, 1],
                            new byte[tensor.Data.Length / 8]
                        );
                        tensors[name + ".absmax"] = StoredTensor.Single([1], 1);
                        byte[] state = Encoding.UTF8.GetBytes("{}");
                        tensors[name + ".quant_state.bitsandbytes__nf4"] = new StoredTensor(
                            "U8",
                            [state.Length],
                            state
                        );
                    }
                )
        );
        (await Q2.RunAsync("bank", model.Path, "--run", model.Beside("r"))).Refused(
            "bitsandbytes",
            "absmax",
            GiveOriginal
        );
    }

    [Theory]
    [InlineData("unet/config.json", "quantization_config", """{"quant_method": "torchao"}""", "torchao")]
    [InlineData("text_encoder/config.json", "quantization_config", """{"quant_method": "gptq", "bits": 4}""", "gptq")]
    [InlineData(
        "vae/config.json",
        "compression_config",
        """{"quant_method": "compressed-tensors"}""",
        "compressed-tensors"
    )]
    public async Task A_configuration_that_says_so(string file, string key, string value, string word)
    {
        using var model = new ModelCopy();
        model.Edit(file, (key, JsonNode.Parse(value)));
        (
            await Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--steps", "2", "--out", model.Beside("out"))
        ).Refused(word, key, GiveOriginal);
    }

    [Fact]
    public async Task A_configuration_that_says_nothing_of_it_is_no_reason()
    {
        using var model = new ModelCopy();
        model.Edit("unet/config.json", ("quantization_config", new JsonObject()), ("_quantization_note", "none"));
        (await Q2.RunAsync("inspect", model.Path)).Succeeded();
    }

    [Theory]
    [InlineData(ModelCopy.UNet, "attn1.to_q.weight_scale", "scales")]
    [InlineData(ModelCopy.UNet, "attn1.to_q.scale_weight", "scales")]
    [InlineData(ModelCopy.UNet, "attn1.to_q.qzeros", "GPTQ")]
    [InlineData(ModelCopy.UNet, "attn1.to_q.weight._scale", "quanto")]
    [InlineData(ModelCopy.UNet, "attn1.to_q.lora_A.default.weight", "LoRA")]
    [InlineData(ModelCopy.UNet, "attn1.processor.to_q_lora.down.weight", "LoRA")]
    [InlineData(ModelCopy.UNet, "attn2.processor.to_k_ip.weight", "IP-Adapter")]
    [InlineData(ModelCopy.UNet, "time_embedding.cond_proj.weight", "guidance")]
    [InlineData(ModelCopy.TextEncoder, "text_model.encoder.layers.0.self_attn.q_proj.lora_B.weight", "LoRA")]
    [InlineData(ModelCopy.Vae, "decoder.mid_block.attentions.0.to_q.SCB", "bitsandbytes")]
    public async Task A_tensor_that_says_so(string file, string tensor, string word)
    {
        using var model = new ModelCopy();
        model.EditTensors(file, tensors => tensors[tensor] = StoredTensor.Single([4], 1, 1, 1, 1));
        (
            await Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--steps", "2", "--out", model.Beside("out"))
        ).Refused(word, tensor);
    }

    [Fact]
    public async Task Integers_where_weights_belong()
    {
        using var model = new ModelCopy();
        model.EditTensors(
            ModelCopy.UNet,
            tensors =>
            {
                string name = tensors.Keys.First(key => key.EndsWith("attn1.to_q.weight", StringComparison.Ordinal));
                tensors[name] = new StoredTensor("I8", tensors[name].Shape, new byte[tensors[name].Data.Length / 4]);
            }
        );
        (await Q2.RunAsync("bank", model.Path, "--run", model.Beside("r"))).Refused(
            "Int8",
            "attn1.to_q.weight",
            "quantized"
        );
    }

    private static void Quantize(Dictionary<string, StoredTensor> tensors, Action<string, StoredTensor> one)
    {
        foreach (
            (string name, StoredTensor tensor) in tensors
                .Where(pair =>
                    pair.Key.Contains(".attn", StringComparison.Ordinal)
                    && pair.Key.EndsWith("weight", StringComparison.Ordinal)
                    && pair.Value.Shape.Length == 2
                )
                .ToList()
        )
        {
            one(name, tensor);
        }
    }
}
