using System.Buffers.Binary;
using System.Text;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Xunit;

namespace Qua2SeDiMo.Tests.Models;

public sealed class WeightScalesTests : IDisposable
{
    // E4M3 codes of 1, -1.5, the largest number 448, the smallest positive number 2^-9, NaN and -0.
    private static readonly byte[] Codes = [0x38, 0xBC, 0x7E, 0x01, 0x7F, 0x80];
    private static readonly float[] Values = [1, -1.5f, 448, 1 / 512f, float.NaN, -0f];

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-scales-");

    private string File => Path.Combine(folder.FullName, "model.safetensors");

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("plain")]
    [InlineData("scaled")]
    [InlineData("comfy-quant")]
    public void Values_are_those_of_the_reference_bit_by_bit(string manner)
    {
        using ShardedTensors found = ShardedTensors.Open(RepositoryFiles.Golden($"fp8/{manner}"));
        using SafetensorsFile expected = SafetensorsFile.Open(
            RepositoryFiles.Golden($"fp8/{manner}/expected.safetensors")
        );
        Assert.Equal(expected.Tensors.Keys.Order(), found.Tensors.Keys.Order());
        foreach (string name in expected.Tensors.Keys)
            Assert.Equal(Bits(expected.ReadSingle(name)), Bits(found.ReadSingle(name)));
    }

    [Fact]
    public void Every_code_of_the_narrow_type_is_what_its_bits_say()
    {
        float[] values = new float[256];
        ElementType.Float8E4M3.ToSingle([.. Enumerable.Range(0, 256).Select(code => (byte)code)], values);
        for (int code = 0; code < 256; code++)
        {
            int exponent = (code >> 3) & 15,
                mantissa = code & 7;
            double magnitude =
                exponent == 0 ? mantissa / 8.0 * Math.Pow(2, -6) : (1 + (mantissa / 8.0)) * Math.Pow(2, exponent - 7);
            if ((code & 0x7F) == 0x7F)
                Assert.True(float.IsNaN(values[code]));
            else
                Assert.Equal(code < 128 ? magnitude : -magnitude, values[code]);
        }
        Assert.True(float.IsNegative(values[128]));
    }

    [Fact]
    public void The_wide_type_has_infinities_and_subnormals()
    {
        float[] values = new float[6];
        ElementType.Float8E5M2.ToSingle([0x3C, 0x7B, 0x01, 0x7C, 0xFC, 0x7D], values);
        Assert.Equal([1, 57344, 1 / 65536f, float.PositiveInfinity, float.NegativeInfinity, float.NaN], values);
    }

    [Fact]
    public void Bytes_of_a_widened_weight_are_those_of_what_it_widens_to()
    {
        Write(
            ("a.weight", "F8_E4M3", [2, 3], Codes),
            ("b.weight", "F8_E4M3", [2, 3], Codes),
            ("b.weight_scale", "F32", [], Single(0.1f))
        );
        using ShardedTensors tensors = ShardedTensors.Open(folder.FullName);
        Assert.Equal(
            (ElementType.Float16, ElementType.Float32),
            (tensors.Tensors["a.weight"].Type, tensors.Tensors["b.weight"].Type)
        );
        byte[] halves = new byte[12],
            some = new byte[7];
        tensors.ReadBytes("a.weight", 0, halves);
        Assert.Equal(
            Values.Select(value => (Half)value),
            Enumerable.Range(0, 6).Select(i => BinaryPrimitives.ReadHalfLittleEndian(halves.AsSpan(i * 2)))
        );
        tensors.ReadBytes("b.weight", 5, some);
        Assert.Equal(Single([.. Values.Select(value => value * 0.1f)])[5..12], some);
    }

    [Theory]
    [InlineData("a.weight_scale")]
    [InlineData("a.weight_scale_inv")]
    [InlineData("a.scale_weight")]
    public void A_scale_may_be_one_number_or_one_for_each_channel(string scale)
    {
        foreach (long[] shape in new long[][] { [], [1], [1, 1] })
        {
            Write(("a.weight", "F8_E4M3", [2, 3], Codes), (scale, "F32", shape, Single(3)));
            Assert.Equal(Values.Select(value => value * 3), Read("a.weight"));
        }
        foreach (long[] shape in new long[][] { [2], [2, 1] })
        {
            Write(("a.weight", "F8_E4M3", [2, 3], Codes), (scale, "F32", shape, Single(3, 0.25f)));
            Assert.Equal(Values.Select((value, i) => value * (i < 3 ? 3 : 0.25f)), Read("a.weight"));
            using ShardedTensors tensors = ShardedTensors.Open(folder.FullName);
            float[] middle = new float[2];
            tensors.ReadSingle("a.weight", 2, middle);
            Assert.Equal([1344, 0.25f / 512], middle);
        }
    }

    public static TheoryData<string, string, long[], byte[], string> Unknown =>
        new()
        {
            { "a.weight_scale", "F32", [1, 3], Single(1, 2, 3), "one for each output channel" },
            { "a.weight_scale", "F8_E8M0", [2, 1], [127, 127], "Float8E8M0" },
            { "a.weight_scale", "F16", [3], [0, 60, 0, 60, 0, 60], "one for each output channel" },
            { "a.weight_scale_2", "F32", [], Single(2), "a.weight_scale_2" },
            { "a.pre_quant_scale", "F32", [3], Single(1, 2, 3), "a.pre_quant_scale" },
            { "a.comfy_quant", "U8", [20], [.. "{\"format\": \"mxfp8\"}  "u8.ToArray().Take(20)], "mxfp8" },
            { "a.comfy_quant", "U8", [2], [.. "{{"u8], "not the text of a format" },
        };

    [Theory]
    [MemberData(nameof(Unknown))]
    public void A_scale_that_is_not_understood_refuses_the_weight_and_no_other(
        string name,
        string type,
        long[] shape,
        byte[] data,
        string words
    )
    {
        Write(
            ("a.weight", "F8_E4M3", [2, 3], Codes),
            (name, type, shape, data),
            ("c.weight", "F8_E4M3", [2, 3], Codes)
        );
        using ShardedTensors tensors = ShardedTensors.Open(folder.FullName);
        Assert.Contains(
            words,
            Assert.Throws<SafetensorsException>(() => tensors.ReadSingle("a.weight")).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(Values, tensors.ReadSingle("c.weight"));
    }

    [Fact]
    public void A_weight_without_elements_has_none_to_scale()
    {
        Write(("a.weight", "F8_E4M3", [0, 3], []), ("a.weight_scale", "F32", [0], []));
        Assert.Empty(Read("a.weight"));
    }

    [Fact]
    public void Two_scales_of_one_weight_are_refused()
    {
        Write(
            ("a.weight", "F8_E4M3", [2, 3], Codes),
            ("a.weight_scale", "F32", [], Single(2)),
            ("a.scale_weight", "F32", [], Single(2))
        );
        Assert.Contains(
            "2 scale tensors",
            Assert.Throws<SafetensorsException>(() => Read("a.weight")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_scale_beside_another_type_is_refused_unless_it_is_one()
    {
        Write(
            ("a.weight", "F32", [1], Single(2)),
            ("a.weight_scale", "F32", [], Single(1)),
            ("b.weight", "F32", [1], Single(2)),
            ("b.weight_scale", "F32", [], Single(2))
        );
        Assert.Equal([2], Read("a.weight"));
        Assert.Contains(
            "b.weight_scale",
            Assert.Throws<SafetensorsException>(() => Read("b.weight")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_only_concerns_activations_is_passed_over()
    {
        Write(
            ("a.weight", "F8_E5M2", [2], [0x3C, 0x40]),
            ("a.input_scale", "F32", [], Single(9)),
            ("a.scale_input", "F32", [], Single(9)),
            ("scaled_fp8", "F8_E5M2", [2], [0, 0])
        );
        using ShardedTensors tensors = ShardedTensors.Open(folder.FullName);
        Assert.Equal([1, 2], tensors.ReadSingle("a.weight"));
        Assert.Equal(["a.weight"], tensors.Tensors.Keys);
        Assert.Equal(4, tensors.Stored.Count);
    }

    [Fact]
    public void A_type_is_an_error_only_where_it_is_read()
    {
        Write(
            ("known", "F32", [1], Single(5)),
            ("future", "F3_E1M1", [8], [1, 2, 3]),
            ("scale", "F8_E8M0", [2], [1, 2]),
            ("four", "F4", [4], [1, 2]),
            ("six", "F6_E2M3", [4], [1, 2, 3]),
            ("complex", "C64", [1], new byte[8]),
            ("count", "U64", [1], [7, 0, 0, 0, 0, 0, 0, 0]),
            ("short", "I16", [1], [0xFE, 0xFF]),
            ("word", "U16", [1], [2, 1]),
            ("wide", "U32", [1], [0, 0, 0, 0x80])
        );
        Assert.Equal([5], Read("known"));
        foreach (string name in new[] { "future", "scale", "four", "six", "complex" })
        {
            Assert.Contains(
                $"'{name}'",
                Assert.Throws<SafetensorsException>(() => Read(name)).Message,
                StringComparison.Ordinal
            );
        }
        using ShardedTensors tensors = ShardedTensors.Open(folder.FullName);
        Assert.Equal(
            [7, -2, 258, 1L << 31],
            new[] { "count", "short", "word", "wide" }.Select(name => tensors.ReadInt64(name).Single())
        );
        Assert.Equal(
            [7, -2, 258, 2147483648f],
            new[] { "count", "short", "word", "wide" }.Select(name => tensors.ReadSingle(name).Single())
        );
        string copy = Path.Combine(folder.FullName, "copy.safetensors");
        SafetensorsWriter.Write(
            copy,
            [.. tensors.Tensors.Values.Select(tensor => SafetensorsWriter.Item.Copy(tensors, tensor))]
        );
        using SafetensorsFile copied = SafetensorsFile.Open(copy);
        Assert.Equal("F3_E1M1", copied.Tensors["future"].TypeName);
    }

    private static byte[] Single(params float[] values) =>
        System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values).ToArray();

    private static IEnumerable<uint> Bits(float[] values) =>
        values.Select(value => float.IsNaN(value) ? uint.MaxValue : BitConverter.SingleToUInt32Bits(value));

    private float[] Read(string name)
    {
        using ShardedTensors tensors = ShardedTensors.Open(folder.FullName);
        return tensors.ReadSingle(name);
    }

    // Writes the file byte by byte, independent of the library's writer.
    private void Write(params (string Name, string Type, long[] Shape, byte[] Data)[] tensors)
    {
        int offset = 0;
        var entries = new List<string>();
        foreach ((string name, string type, long[] shape, byte[] data) in tensors)
        {
            int end = offset + data.Length;
            entries.Add(
                $"\"{name}\":{{\"dtype\":\"{type}\",\"shape\":[{string.Join(',', shape)}],\"data_offsets\":[{offset},{end}]}}"
            );
            offset = end;
        }
        byte[] header = Encoding.UTF8.GetBytes("{" + string.Join(',', entries) + "}"),
            length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        System.IO.File.WriteAllBytes(File, [.. length, .. header, .. tensors.SelectMany(tensor => tensor.Data)]);
    }
}
