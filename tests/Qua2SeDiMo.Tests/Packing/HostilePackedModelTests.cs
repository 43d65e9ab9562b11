using Qua2SeDiMo.Models;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests.Packing;

/// <summary>Inconsistent packed models are rejected.</summary>
public sealed class HostilePackedModelTests : IDisposable
{
    private readonly PackedFixture fixture = new();

    public HostilePackedModelTests() => fixture.Pack();

    public void Dispose() => fixture.Dispose();

    private string ManifestPath => Path.Combine(fixture.Denoiser, "q2_manifest.json");

    private string WeightsPath => Path.Combine(fixture.Denoiser, "q2_weights.safetensors");

    [Theory]
    [InlineData("another format", "\"q2-packed\"", "\"q9-packed\"")]
    [InlineData("a later version", "\"version\":1", "\"version\":2")]
    [InlineData("a version that is text", "\"version\":1", "\"version\":\"1\"")]
    [InlineData(
        "a path that escapes",
        "\"weights\":\"q2_weights.safetensors\"",
        "\"weights\":\"../../source/transformer/diffusion_pytorch_model.safetensors\""
    )]
    [InlineData("an absolute path", "\"weights\":\"q2_weights.safetensors\"", "\"weights\":\"/etc/passwd\"")]
    [InlineData("bits that do not exist", "\"uaq-3\"", "\"uaq-9\"")]
    [InlineData("no bits", "\"uaq-3\"", "\"uaq\"")]
    [InlineData("an option that is a number", "[\"uaq-3\"", "[3")]
    [InlineData("another option, so other lengths", "\"uaq-3\"", "\"uaq-4\"")]
    [InlineData("one option for another of the same code length", "\"uaq-3\"", "\"kmeans-a-3\"")]
    [InlineData("more weights than codes", "[24,45]", "[25,45]")]
    [InlineData("fewer weights than codes", "[24,45]", "[24,40]")]
    [InlineData("a negative extent", "[24,45]", "[-24,-45]")]
    [InlineData("a zero extent", "[24,45]", "[0,45]")]
    [InlineData("an absurd size", "[24,45]", "[4611686018427387904,8]")]
    [InlineData("a large but possible size", "[24,45]", "[2000000000,1]")]
    [InlineData("a fraction", "[24,45]", "[24.5,45]")]
    [InlineData("one dimension", "[24,45]", "[1080]")]
    [InlineData("a shape that is text", "[24,45]", "\"24x45\"")]
    [InlineData("a part beyond its tensor", "\"input_start\":3", "\"input_start\":4")]
    [InlineData("a part before its tensor", "\"input_start\":3", "\"input_start\":-3")]
    [InlineData("a hole between parts", "\"input_start\":3", "\"input_start\":2")]
    [InlineData("a part of a larger tensor", "\"tensor_inputs\":5", "\"tensor_inputs\":6")]
    [InlineData("a tensor that is stored as it was too", "[24,45]", "[24,45],{\"tensor\":\"linear.bias\"}")]
    [InlineData("a type without fractions", "\"table_type\":\"Float16\"", "\"table_type\":\"Int64\"")]
    [InlineData("a wider table type", "\"table_type\":\"Float16\"", "\"table_type\":\"Float32\"")]
    [InlineData("a checksum of something else", "\"sha256\":\"", "\"sha256\":\"00")]
    [InlineData("a missing checksum", "\"sha256\"", "\"sha512\"")]
    [InlineData("a missing list of parts", "\"parts\"", "\"pieces\"")]
    [InlineData("a part named twice", "\"depthwise/1\"", "\"linear\"")]
    [InlineData("a part without a shape", ",[24,45]]", "]")]
    [InlineData("a part that is an object", "[\"uaq-3\",[24,45]]", "{}")]
    [InlineData("text cut short", "\"parts\":{", "\"parts\":{{")]
    public void A_manifest_with(string lie, string text, string replacement)
    {
        string manifest = File.ReadAllText(ManifestPath);
        Assert.Contains(text, manifest);
        AtomicFile.WriteText(ManifestPath, manifest.Replace(text, replacement));
        Assert.True(Record.Exception(() => PackedModelReader.Open(fixture.Denoiser)) is Q2Exception, lie);
    }

    [Fact]
    public void Weights_with_one_bit_flipped_anywhere_are_refused()
    {
        byte[] good = File.ReadAllBytes(WeightsPath);
        Assert.InRange(good.Length, 1000, int.MaxValue);
        for (int position = 0; position < good.Length; position += 37)
        {
            byte[] bad = [.. good];
            bad[position] ^= 4;
            AtomicFile.Write(WeightsPath, stream => stream.Write(bad));
            Assert.ThrowsAny<Q2Exception>(() => PackedModelReader.Open(fixture.Denoiser));
        }
    }

    [Fact]
    public void Weights_cut_short_are_refused()
    {
        using (FileStream stream = File.OpenWrite(WeightsPath))
            stream.SetLength(stream.Length - 1);
        Assert.Throws<SafetensorsException>(() => PackedModelReader.Open(fixture.Denoiser));
    }

    [Fact]
    public void Weights_of_another_model_are_refused()
    {
        File.Copy(fixture.In("source/transformer/diffusion_pytorch_model.safetensors"), WeightsPath, overwrite: true);
        Assert.ThrowsAny<Q2Exception>(() => PackedModelReader.Open(fixture.Denoiser));
    }

    [Fact]
    public void Missing_files_are_named()
    {
        File.Delete(WeightsPath);
        Assert.Contains(
            "q2_weights.safetensors",
            Assert.Throws<PackedModelException>(() => PackedModelReader.Open(fixture.Denoiser)).Message
        );
        File.Delete(ManifestPath);
        Assert.Contains(
            "q2_manifest.json",
            Assert.Throws<PackedModelException>(() => PackedModelReader.Open(fixture.Denoiser)).Message
        );
    }

    [Fact]
    public void A_table_with_an_infinity_is_refused_even_if_the_checksum_was_made_to_fit()
    {
        byte[] bytes = File.ReadAllBytes(WeightsPath);
        int data = 8 + (int)BitConverter.ToInt64(bytes);
        // Tables come first in the file: the first word, a scale, becomes infinity.
        (bytes[data + 1], bytes[data + 2], bytes[data + 3]) = (0x00, 0x80, 0x7F);
        AtomicFile.Write(WeightsPath, stream => stream.Write(bytes));
        string manifest = File.ReadAllText(ManifestPath);
        int start = manifest.IndexOf("\"sha256\":\"", StringComparison.Ordinal) + 10;
        AtomicFile.WriteText(
            ManifestPath,
            string.Concat(
                manifest.AsSpan(0, start),
                PackedModelReader.Checksum(WeightsPath),
                manifest.AsSpan(start + 64)
            )
        );
        using PackedModelReader reader = PackedModelReader.Open(fixture.Denoiser);
        Assert.Throws<Qua2SeDiMo.Quantizers.Bank.QuantizedTensorException>(() => reader.ReadSingle("linear.weight"));
    }
}
