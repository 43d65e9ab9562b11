using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests.Models.Fingerprints;

/// <summary>Which changes affect the fingerprint of tensors, and which do not.</summary>
public sealed class TensorFingerprintTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("q2-fingerprint-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Order_metadata_and_shards_do_not_count()
    {
        SafetensorsWriter.Item a = Item("a", [3], 1, 2, 3),
            b = Item("b", [1, 2], 4, 5);
        string first = Save("one", [a, b], new Dictionary<string, string> { ["by"] = "one" });
        string second = Save("two", [b, a], new Dictionary<string, string> { ["by"] = "two" });
        Assert.Equal(Of(first), Of(second));

        string sharded = Directory.CreateDirectory(Path.Combine(folder, "sharded")).FullName;
        SafetensorsWriter.Write(Path.Combine(sharded, "model-00001-of-00002.safetensors"), [b]);
        SafetensorsWriter.Write(Path.Combine(sharded, "model-00002-of-00002.safetensors"), [a]);
        AtomicFile.WriteText(
            Path.Combine(sharded, "model.safetensors.index.json"),
            """{"weight_map": {"a": "model-00002-of-00002.safetensors", "b": "model-00001-of-00002.safetensors"}}"""
        );
        using ShardedTensors shards = ShardedTensors.Open(sharded);
        Assert.Equal(Of(first), TensorFingerprint.Of(shards));
    }

    [Fact]
    public void Name_type_shape_and_every_bit_count()
    {
        string[] all =
        [
            Of(Save("0", [Item("a", [2, 2], 1, 2, 3, 4)])),
            Of(Save("1", [Item("b", [2, 2], 1, 2, 3, 4)])),
            Of(Save("2", [Item("a", [4], 1, 2, 3, 4)])),
            Of(Save("3", [Item("a", [2, 2], 1, 2, 4, 3)])),
            Of(
                Save(
                    "4",
                    [
                        Item(
                            "a",
                            [2, 2],
                            1,
                            2,
                            3,
                            BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(4) ^ 1)
                        ),
                    ]
                )
            ),
            Of(Save("5", [Item("a", [1, 2], 1, 2), Item("a2", [1, 2], 3, 4)])),
            Of(Save("6", [new(new TensorInfo("a", ElementType.Int32, [2, 2]), Item("a", [2, 2], 1, 2, 3, 4).Write)])),
            Of(Save("7", [Item("a", [2, 2], 1, 2, 3, 4), Item("empty", [0])])),
        ];
        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.All(all, hex => Assert.Matches("^[0-9a-f]{32}$", hex));
    }

    [Fact]
    public void A_tensor_of_several_pieces_is_read_whole_and_once()
    {
        const int Bytes = (33 << 20) + 5;
        byte[] data = new byte[Bytes];
        for (int i = 0; i < data.Length; i++)
            data[i] = (byte)((i * 31) ^ (i >> 11));
        string whole = Of(Save("large", [SafetensorsWriter.Item.UInt8("a", [Bytes], data)]));
        foreach (int place in new[] { 0, (16 << 20) - 1, 16 << 20, Bytes - 1 })
        {
            data[place] ^= 0x80;
            Assert.NotEqual(whole, Of(Save("changed", [SafetensorsWriter.Item.UInt8("a", [Bytes], data)])));
            data[place] ^= 0x80;
        }
        Assert.Equal(whole, Of(Save("again", [SafetensorsWriter.Item.UInt8("a", [Bytes], data)])));
    }

    [Fact]
    public void What_goes_wrong_while_tensors_are_read_comes_out_as_it_is()
    {
        using var broken = new Broken();

        Assert.Equal("cut", Assert.ThrowsAny<Q2Exception>(() => TensorFingerprint.Of(broken)).Message);
    }

    [Fact]
    public void Json_counts_by_what_it_says()
    {
        string Of(string json) =>
            ContentHash.Of(System.Text.Json.Nodes.JsonNode.Parse(json)!.AsObject(), key => key == "_note");
        Assert.Equal(
            Of("""{"a": 1, "b": {"c": [1, null], "d": true}}"""),
            Of("""{"b":{"d":true,"c":[1,null]},"a":1,"_note":"x"}""")
        );
        Assert.NotEqual(Of("""{"a": 1}"""), Of("""{"a": 2}"""));
        Assert.NotEqual(Of("""{"a": [1, 2]}"""), Of("""{"a": [2, 1]}"""));
        Assert.NotEqual(Of("""{"a": null}"""), Of("{}"));
        Assert.NotEqual(Of("""{"a": {"_note": 1}}"""), Of("""{"a": {"_note": 2}}"""));
    }

    [Fact]
    public void Configurations_with_numbers_that_only_Python_writes_have_fingerprints()
    {
        string Of(string json) => ContentHash.Of(ComponentConfig.Parse(json, "test").Root);
        string[] all =
        [
            Of("""{"a": -Infinity}"""),
            Of("""{"a": Infinity}"""),
            Of("""{"a": NaN}"""),
            Of("""{"a": 1e400}"""),
            Of("""{"a": 1}"""),
        ];
        Assert.Equal(all.Length - 1, all.Distinct().Count());
    }

    private static SafetensorsWriter.Item Item(string name, long[] shape, params float[] values) =>
        SafetensorsWriter.Item.Single(name, shape, values);

    private static string Of(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return TensorFingerprint.Of(file);
    }

    private string Save(string name, SafetensorsWriter.Item[] items, Dictionary<string, string>? metadata = null)
    {
        string path = Path.Combine(folder, name + ".safetensors");
        SafetensorsWriter.Write(path, items, metadata);
        return path;
    }

    private sealed class Broken : ITensorSource
    {
        public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } =
            Enumerable
                .Range(0, 50)
                .Select(i => new TensorInfo($"{i}", ElementType.UInt8, [1 << 20]))
                .ToDictionary(tensor => tensor.Name);

        public void ReadSingle(string name, long start, Span<float> destination) => throw new NotSupportedException();

        public void ReadBytes(string name, long start, Span<byte> destination) => throw new ModelFolderException("cut");

        public void Dispose() { }
    }
}
