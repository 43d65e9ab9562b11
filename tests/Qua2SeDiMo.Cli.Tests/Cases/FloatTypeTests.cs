using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>
/// Checkpoints with unusual element types: 8-bit floats with and without scales, integers, unknown types.
/// </summary>
public sealed class FloatTypeTests
{
    [Fact]
    public async Task Tensors_that_nothing_reads_have_any_type()
    {
        using ModelCopy plain = new(),
            marked = new();
        marked.EditTensors(
            ModelCopy.TextEncoder,
            tensors => tensors["scaled_fp8"] = new StoredTensor("F8_E4M3", [2], new byte[2])
        );
        marked.EditTensors(
            ModelCopy.Vae,
            tensors =>
            {
                tensors["counter"] = new StoredTensor("U64", [1], new byte[8]);
                tensors["future"] = new StoredTensor("F3_E1M1", [8], new byte[3]);
            }
        );
        marked.EditTensors(ModelCopy.UNet, tensors => tensors["blocks"] = new StoredTensor("F4", [6], new byte[3]));
        await Pictures.AreEqualAsync(plain.Path, marked.Path);
        (await Q2.RunAsync("inspect", marked.Path, "--json")).Succeeded();
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData(".weight_scale", 0)]
    [InlineData(".scale_weight", 1)]
    [InlineData(".weight_scale_inv", 2)]
    public async Task Eight_bit_floats_give_the_pictures_of_what_they_stand_for(string? scaleName, int scaleRank)
    {
        using ModelCopy wide = new(),
            narrow = new();
        foreach (string file in new[] { ModelCopy.TextEncoder, ModelCopy.UNet })
        {
            Dictionary<string, StoredTensor> tensors = narrow.Load(file);
            foreach (
                (string name, StoredTensor tensor) in tensors
                    .Where(pair =>
                        pair.Key.EndsWith(".weight", StringComparison.Ordinal) && pair.Value.Shape.Length == 2
                    )
                    .ToList()
            )
            {
                float[] values = tensor.Singles();
                int rows = scaleRank == 0 ? 1 : (int)tensor.Shape[0],
                    length = values.Length / rows;
                float[] scales =
                [
                    .. Enumerable.Range(0, rows).Select(row => scaleName is null ? 1 : 0.01f * (row + 1)),
                ];
                byte[] codes = [.. values.Select((value, i) => Nearest(value / scales[i / length]))];
                tensors[name] = new StoredTensor("F8_E4M3", tensor.Shape, codes);
                if (scaleName is not null)
                {
                    tensors[name[..^".weight".Length] + scaleName] = StoredTensor.Single(
                        scaleRank switch
                        {
                            0 => [],
                            1 => [rows],
                            _ => [rows, 1],
                        },
                        scales
                    );
                }
                wide.EditTensors(
                    file,
                    all =>
                        all[name] = StoredTensor.Single(
                            tensor.Shape,
                            [.. codes.Select((code, i) => Decode(code) * scales[i / length])]
                        )
                );
            }
            narrow.Save(file, tensors);
        }
        await Pictures.AreEqualAsync(wide.Path, narrow.Path);
    }

    [Theory]
    [InlineData("I8", ModelCopy.UNet, "conv_in.weight")]
    [InlineData("U8", ModelCopy.Vae, "post_quant_conv.weight")]
    [InlineData("F8_E4M3FNUZ", ModelCopy.TextEncoder, "text_model.encoder.layers.0.self_attn.q_proj.weight")]
    public async Task Weights_of_types_that_stand_for_no_number_are_refused_by_name(
        string type,
        string file,
        string name
    )
    {
        using ModelCopy model = new();
        model.EditTensors(
            file,
            tensors =>
                tensors[name] = new StoredTensor(type, tensors[name].Shape, new byte[tensors[name].Data.Length / 4])
        );
        (
            await Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--steps", "1", "--out", model.Beside("out"))
        ).Refused(name, "quantized");
    }

    [Fact]
    public async Task A_scale_of_an_unknown_kind_is_refused_before_anything_runs()
    {
        using ModelCopy model = new();
        model.EditTensors(
            ModelCopy.UNet,
            tensors =>
            {
                StoredTensor old = tensors["time_embedding.linear_1.weight"];
                tensors["time_embedding.linear_1.weight"] = new StoredTensor(
                    "F8_E4M3",
                    old.Shape,
                    new byte[old.Data.Length / 4]
                );
                tensors["time_embedding.linear_1.weight_scale"] = new StoredTensor("F8_E8M0", [1], [127]);
            }
        );
        (await Q2.RunAsync("inspect", model.Path)).Refused("time_embedding.linear_1.weight", "Float8E8M0");
    }

    private static float Decode(byte code)
    {
        int exponent = (code >> 3) & 15,
            mantissa = code & 7;
        double magnitude = exponent == 0 ? mantissa * Math.Pow(2, -9) : (8 + mantissa) * Math.Pow(2, exponent - 10);
        return (float)(code < 128 ? magnitude : -magnitude);
    }

    private static byte Nearest(float value)
    {
        int low = 0,
            high = 0x7E;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Decode((byte)middle) < Math.Abs(value))
                low = middle + 1;
            else
                high = middle;
        }
        return (byte)(value < 0 ? low | 0x80 : low);
    }
}
