using System.Buffers.Binary;
using System.Text;
using CsCheck;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Xunit;

namespace Qua2SeDiMo.Tests.Models;

public sealed class SafetensorsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("q2-safetensors-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    public static TheoryData<string, string, string> Lies =>
        new()
        {
            { "not json", "{", "not valid JSON" },
            { "an array", "[]", "not a JSON object" },
            { "half a byte", """{"t":{"dtype":"F4","shape":[1],"data_offsets":[0,4]}}""", "whole bytes" },
            {
                "six bits against bytes",
                """{"t":{"dtype":"F6_E2M3","shape":[8],"data_offsets":[0,4]}}""",
                "needs 6 bytes"
            },
            { "no type", """{"t":{"shape":[1],"data_offsets":[0,4]}}""", "dtype" },
            { "negative extent", """{"t":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", "-1" },
            { "fractional extent", """{"t":{"dtype":"F32","shape":[0.5],"data_offsets":[0,4]}}""", "0.5" },
            {
                "overflowing shape",
                """{"t":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,4]}}""",
                "overflows"
            },
            { "backward offsets", """{"t":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", "before it begins" },
            { "beyond the end", """{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "cut short" },
            { "shape against bytes", """{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", "needs 8 bytes" },
            { "three offsets", """{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}""", "not 2" },
            {
                "same name twice",
                """{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""",
                "more than once"
            },
            {
                "overlap",
                """{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"u":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""",
                "inside the tensor before"
            },
            {
                "hole",
                """{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"u":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}""",
                "belong to no tensor"
            },
            { "tail", """{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", "belong to nothing" },
            {
                "metadata of numbers",
                """{"__metadata__":{"a":1},"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""",
                "expected text"
            },
            {
                "seventeen dimensions",
                """{"t":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}""",
                "dimensions"
            },
        };

    [Theory]
    [MemberData(nameof(Lies))]
    public void A_lying_header_is_refused_with_its_fault(string lie, string json, string fault)
    {
        string path = WriteRaw(json, dataBytes: 4);
        Q2Exception error = Assert.ThrowsAny<Q2Exception>(() => SafetensorsFile.Open(path));
        Assert.Contains(fault, error.Message);
        Assert.StartsWith(path, error.Message);
        Assert.NotEmpty(lie);
    }

    [Fact]
    public void A_header_longer_than_the_file_or_the_limit_is_refused_before_it_is_read()
    {
        foreach (ulong length in new[] { 1000UL, 200_000_000UL, ulong.MaxValue })
        {
            byte[] bytes = new byte[64];
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
            string path = Path.Combine(folder, "long.safetensors");
            File.WriteAllBytes(path, bytes);
            Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path));
        }
    }

    [Fact]
    public void A_pickle_is_refused_and_said_to_be_one()
    {
        File.WriteAllBytes(Path.Combine(folder, "diffusion_pytorch_model.bin"), [0x80, 2]);
        ModelFolderException error = Assert.Throws<ModelFolderException>(() => ShardedTensors.Open(folder));
        Assert.Contains("never read", error.Message);
    }

    [Theory]
    [InlineData("../escape.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("a/b.safetensors")]
    [InlineData("..")]
    public void A_shard_outside_the_folder_is_refused(string shard)
    {
        File.WriteAllText(
            Path.Combine(folder, "model.safetensors.index.json"),
            $$$"""{"weight_map":{"t":"{{{shard}}}"}}"""
        );
        Assert.Throws<SafetensorsException>(() => ShardedTensors.Open(folder));
    }

    [Fact]
    public void Shards_are_joined_by_their_index()
    {
        using ShardedTensors tensors = ShardedTensors.Open(RepositoryFiles.Golden("architectures/unet-sd15-sharded"));
        Assert.True(tensors.FilePaths.Count > 1);
        foreach (TensorInfo tensor in tensors.Tensors.Values)
            Assert.Equal(tensor.ElementCount, tensors.ReadSingle(tensor.Name).Length);
    }

    [Fact]
    public void A_missing_tensor_names_the_nearest()
    {
        using ShardedTensors tensors = ShardedTensors.Open(RepositoryFiles.Models("emoji-pixart/transformer"));
        MissingTensorException error = Assert.Throws<MissingTensorException>(() =>
            tensors.ReadSingle("transformer_blocks.0.attn1.to_q.wieght")
        );
        Assert.Contains("'transformer_blocks.0.attn1.to_q.weight'", error.Message);
    }

    [Fact]
    public void What_was_written_reads_back_whatever_the_shapes() =>
        Gen.Select(Gen.Int[0, 5].Array[0, 4], Gen.Int[1, 4])
            .Sample(
                (shape, count) =>
                {
                    string path = Path.Combine(folder, "round.safetensors");
                    long[] extents = [.. shape.Select(extent => (long)extent)];
                    int length = (int)extents.Aggregate(1L, (a, b) => a * b);
                    float[][] values =
                    [
                        .. Enumerable
                            .Range(0, count)
                            .Select(k => Enumerable.Range(0, length).Select(i => i + (k * 0.5f)).ToArray()),
                    ];
                    SafetensorsWriter.Write(
                        path,
                        [.. values.Select((v, k) => SafetensorsWriter.Item.Single($"t{k}", extents, v))],
                        new Dictionary<string, string> { ["k"] = "v" }
                    );
                    using SafetensorsFile file = SafetensorsFile.Open(path);
                    for (int k = 0; k < count; k++)
                        Assert.Equal(values[k], file.ReadSingle($"t{k}"));
                    Assert.Equal("v", file.Metadata["k"]);
                },
                iter: 50,
                threads: 1
            );

    [Fact]
    public void Every_element_type_converts_to_single()
    {
        float[] result = new float[2];
        ElementType.Float16.ToSingle([0x00, 0x3C, 0x00, 0xC0], result);
        Assert.Equal([1f, -2f], result);
        ElementType.BFloat16.ToSingle([0x80, 0x3F, 0x00, 0xC0], result);
        Assert.Equal([1f, -2f], result);
        ElementType.Int8.ToSingle([1, 0xFE], result);
        Assert.Equal([1f, -2f], result);
        Assert.Throws<ArgumentException>(() => ElementType.Int64.ToSingle([1, 2], result));
    }

    [Fact]
    public void Python_infinities_are_numbers_and_texts_stay_texts()
    {
        ComponentConfig config = ComponentConfig.Parse(
            """{"a": -Infinity, "b": NaN, "c": "say -Infinity", "d": 3, "e": null}""",
            "test"
        );
        Assert.Equal(double.NegativeInfinity, config.NumberOrNull("a"));
        Assert.Contains(
            "NaN",
            Assert.Throws<JsonFileException>(() => config.Number("b", 0)).Message,
            StringComparison.Ordinal
        );
        Assert.Equal("say -Infinity", config.TextOrNull("c"));
        Assert.Equal(3, config.Int("d"));
        Assert.Equal(7, config.Int("e", 7));
        Assert.Contains("test: c: found", Assert.ThrowsAny<Q2Exception>(() => config.Int("c", 0)).Message);
    }

    private string WriteRaw(string json, int dataBytes)
    {
        string path = Path.Combine(folder, "lie.safetensors");
        byte[] header = Encoding.UTF8.GetBytes(json);
        byte[] bytes = new byte[8 + header.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)header.Length);
        header.CopyTo(bytes, 8);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
