using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Quantizers.Palettes;
using Qua2SeDiMo.Storage;
using Qua2SeDiMo.Tests.Quantizers;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Packing;

public sealed class PackedModelTests(ITestOutputHelper output) : IDisposable
{
    private readonly PackedFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [Fact]
    public void Every_weight_reads_back_as_the_bank_reconstructs_it()
    {
        fixture.Pack();
        using PackedModelReader reader = PackedModelReader.Open(fixture.Denoiser);
        Assert.Equal(fixture.Mixed, reader.Manifest.Allocation);
        foreach (QuantizableWeight weight in QuantizerBankTests.Weights.Where(weight => !weight.IsPart))
        {
            Assert.Equal(Reconstructed(weight), reader.ReadSingle(weight.TensorName));
            QuantizedWeight packed = reader.Load(weight.Name),
                banked = fixture.Bank.Load(weight.Name, fixture.Mixed[weight.Name]!);
            Assert.Equal(banked.Codes, packed.Codes);
            Assert.Equal(banked.Palettes, packed.Palettes);
        }
    }

    [Fact]
    public void Parts_of_a_split_weight_are_joined_along_their_inputs()
    {
        fixture.Pack();
        using PackedModelReader reader = PackedModelReader.Open(fixture.Denoiser);
        AssertJoined(
            reader,
            Reconstructed(QuantizerBankTests.Weights[1]),
            Reconstructed(QuantizerBankTests.Weights[2])
        );
    }

    [Fact]
    public void A_part_that_is_not_listed_keeps_its_precision()
    {
        BitAllocation half = new(fixture.Mixed.Specs.Where(pair => pair.Key is "conv#1" or "linear"));
        fixture.Pack(half);
        using PackedModelReader reader = PackedModelReader.Open(fixture.Denoiser);
        AssertJoined(
            reader,
            WeightMatrix.Read(fixture.Tensors, QuantizerBankTests.Weights[1]).Values.ToArray(),
            Reconstructed(QuantizerBankTests.Weights[2])
        );
        Assert.Equal(fixture.Tensors.ReadSingle("depthwise.weight"), reader.ReadSingle("depthwise.weight"));
        Assert.Equal(half, reader.Manifest.Allocation);
    }

    [Fact]
    public void Any_stretch_of_a_tensor_can_be_read()
    {
        fixture.Pack();
        using PackedModelReader reader = PackedModelReader.Open(fixture.Denoiser);
        foreach (string name in new[] { "linear.weight", "conv.weight", "linear.bias" })
        {
            float[] whole = reader.ReadSingle(name);
            Gen.Select(Gen.Int[0, whole.Length], Gen.Int[0, whole.Length])
                .Sample(
                    (a, b) =>
                    {
                        float[] piece = new float[Math.Abs(a - b)];
                        reader.ReadSingle(name, Math.Min(a, b), piece);
                        return piece.AsSpan().SequenceEqual(whole.AsSpan(Math.Min(a, b), piece.Length));
                    },
                    iter: 200
                );
        }
        byte[] bytes = new byte[7];
        reader.ReadBytes("conv.weight", 5, bytes);
        Assert.Equal(
            System
                .Runtime.InteropServices.MemoryMarshal.AsBytes(reader.ReadSingle("conv.weight").AsSpan())
                .Slice(5, 7)
                .ToArray(),
            bytes
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.ReadSingle("linear.weight", 1079, new float[2]));
        Assert.Throws<MissingTensorException>(() => reader.ReadSingle("q2.codes", 0, new float[1]));
    }

    [Fact]
    public void Other_tensors_and_components_are_untouched()
    {
        fixture.Pack();
        using PackedModelReader reader = PackedModelReader.Open(fixture.Denoiser);
        Assert.Equal(ElementType.Float16, reader.Tensors["linear.bias"].Type);
        byte[] expected = new byte[48],
            found = new byte[48];
        fixture.Tensors.ReadBytes("linear.bias", 0, expected);
        reader.ReadBytes("linear.bias", 0, found);
        Assert.Equal(expected, found);
        Assert.Equal(fixture.Tensors.Tensors.Keys.Order(), reader.Tensors.Keys.Order());
        Assert.Equal(fixture.Tensors.Tensors["conv.weight"].Shape, reader.Tensors["conv.weight"].Shape);
        ModelFolder folder = ModelFolder.Open(fixture.Packed);
        Assert.True(PackedModelReader.IsPacked(folder.Denoiser.DirectoryPath));
        Assert.False(PackedModelReader.IsPacked(fixture.Source.Denoiser.DirectoryPath));
        string[] files =
        [
            .. Directory
                .EnumerateFiles(fixture.Packed, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(fixture.Packed, path).Replace('\\', '/'))
                .Order(StringComparer.Ordinal),
        ];
        Assert.Equal(
            [
                "LICENSE.md",
                "model_index.json",
                "scheduler/scheduler_config.json",
                "transformer/config.json",
                "transformer/q2_manifest.json",
                "transformer/q2_weights.safetensors",
            ],
            files
        );
    }

    [Fact]
    public void Where_the_plan_came_from_is_kept()
    {
        PackedModelWriter.Write(
            fixture.Source,
            QuantizerBankTests.Weights,
            fixture.Mixed,
            fixture.Bank,
            fixture.Packed,
            new JsonObject { ["name"] = "q2-3.5" }
        );
        using PackedModelReader reader = PackedModelReader.Open(fixture.Denoiser);
        Assert.Equal("q2-3.5", (string?)reader.Manifest.Plan?["name"]);
        Assert.Equal(fixture.Bank.SourceFingerprint, reader.Manifest.SourceFingerprint);
        Assert.Equal(fixture.Mixed.AverageBits([.. QuantizerBankTests.Weights], 16), reader.Manifest.AverageBits);
    }

    [Fact]
    public void Bits_of_layers_inputs_are_kept_one_by_one()
    {
        string[] names = [.. QuantizerBankTests.Weights.Select(weight => weight.Name)];

        Pack(new ActivationAllocation([new(names[0], 8), new(names[1], 4), new(names[2], 16)]));

        using (PackedModelReader reader = PackedModelReader.Open(fixture.Denoiser))
        {
            ActivationAllocation found = reader.Manifest.Activations;
            Assert.Null(found.Common);
            Assert.Equal([8, 4, null], names.Take(3).Select(name => found[name]));
        }
        JsonNode manifest = Manifest();
        Assert.Equal(2, (int)manifest["version"]!);
        Assert.Null(manifest["activation_bits"]);
        Assert.Equal(2, manifest["activations"]!.AsObject().Count);
    }

    [Fact]
    public void One_number_of_bits_for_all_layers_is_what_older_programs_read()
    {
        Pack(ActivationAllocation.Everywhere(6));

        Assert.Equal((1, 6), ((int)Manifest()["version"]!, (int)Manifest()["activation_bits"]!));
        Assert.False(Manifest().AsObject().ContainsKey("activations"));
        using PackedModelReader reader = PackedModelReader.Open(fixture.Denoiser);
        Assert.Equal(6, reader.Manifest.Activations["whatever"]);
    }

    [Theory]
    [InlineData("version", "1", "version 1")]
    [InlineData("version", "3", "version 3")]
    [InlineData("activations", "{}", "version 2")]
    [InlineData("activations", "null", "version 2")]
    [InlineData("activations", """{"nobody": 8}""", "nobody")]
    [InlineData("activations", """{"nobody": 9}""", "nobody")]
    [InlineData("activations", "8", "activations")]
    [InlineData("activation_bits", "8", "activation_bits")]
    public void Bits_of_inputs_that_do_not_fit_are_refused(string key, string value, string named)
    {
        Pack(new ActivationAllocation([new(QuantizerBankTests.Weights[0].Name, 8)]));
        JsonNode manifest = Manifest();
        manifest[key] = JsonNode.Parse(value);
        AtomicFile.WriteText(Path.Combine(fixture.Denoiser, "q2_manifest.json"), manifest.ToJsonString());

        Q2Exception error = Assert.ThrowsAny<Q2Exception>(() => PackedModelReader.Open(fixture.Denoiser));

        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bits_of_a_layer_that_the_model_lacks_are_refused() =>
        Assert.Contains(
            "elsewhere",
            Assert.Throws<PackedModelException>(() => Pack(new ActivationAllocation([new("elsewhere", 8)]))).Message,
            StringComparison.Ordinal
        );

    private JsonNode Manifest() =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(fixture.Denoiser, "q2_manifest.json")))!;

    private void Pack(ActivationAllocation activations) =>
        PackedModelWriter.Write(
            fixture.Source,
            QuantizerBankTests.Weights,
            fixture.Mixed,
            fixture.Bank,
            fixture.Packed,
            activations: activations
        );

    [Fact]
    public void Packing_twice_gives_the_same_bytes_and_replaces_the_first()
    {
        fixture.Pack();
        byte[] weights = File.ReadAllBytes(Path.Combine(fixture.Denoiser, "q2_weights.safetensors")),
            manifest = File.ReadAllBytes(Path.Combine(fixture.Denoiser, "q2_manifest.json"));
        fixture.Pack();
        Assert.Equal(weights, File.ReadAllBytes(Path.Combine(fixture.Denoiser, "q2_weights.safetensors")));
        Assert.Equal(manifest, File.ReadAllBytes(Path.Combine(fixture.Denoiser, "q2_manifest.json")));
    }

    [Fact]
    public void A_place_that_is_taken_is_refused_and_left_alone()
    {
        Directory.CreateDirectory(fixture.Packed);
        AtomicFile.WriteText(Path.Combine(fixture.Packed, "thesis.txt"), "precious");
        Assert.Throws<PackedModelException>(() => fixture.Pack());
        Assert.Equal(["thesis.txt"], Directory.EnumerateFileSystemEntries(fixture.Packed).Select(Path.GetFileName));
        Assert.Throws<PackedModelException>(() =>
            PackedModelWriter.Write(
                fixture.Source,
                QuantizerBankTests.Weights,
                fixture.Mixed,
                fixture.Bank,
                fixture.In("source/packed")
            )
        );
        Assert.Throws<PackedModelException>(() =>
            PackedModelWriter.Write(
                fixture.Source,
                QuantizerBankTests.Weights,
                fixture.Mixed,
                fixture.Bank,
                fixture.In("source")
            )
        );
    }

    [Fact]
    public void A_packed_model_is_not_packed_again()
    {
        fixture.Pack();
        ModelFolder packed = ModelFolder.Open(fixture.Packed);
        Assert.Throws<PackedModelException>(() =>
            PackedModelWriter.Write(
                packed,
                QuantizerBankTests.Weights,
                fixture.Mixed,
                fixture.Bank,
                fixture.In("again")
            )
        );
    }

    [Fact]
    public void An_allocation_or_bank_of_another_model_is_refused_and_nothing_is_left()
    {
        BitAllocation other = new([
            .. fixture.Mixed.Specs,
            KeyValuePair.Create("other", QuantizerSpec.PaperOptions[0]),
        ]);
        Assert.Throws<PackedModelException>(() => fixture.Pack(other));
        string weights = fixture.In("source/transformer/diffusion_pytorch_model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        // The last tensor is the bias; this byte, before it, belongs to a weight.
        bytes[^50] ^= 1;
        fixture.Tensors.Dispose();
        using (FileStream stream = File.OpenWrite(weights))
            stream.Write(bytes);
        Assert.Throws<QuantizerBankException>(() => fixture.Pack());
        Assert.False(Directory.Exists(fixture.Packed));
        Assert.False(Directory.Exists(fixture.Packed + ".partial"));
    }

    [Theory]
    [InlineData("uniform-uaq-3")]
    [InlineData("uniform-kmeans-a-3")]
    [InlineData("uniform-kmeans-c-4")]
    public void The_bundled_model_packs_to_the_plans_figure_within_one_percent(string trialName)
    {
        ModelFolder source = ModelFolder.Open(RepositoryFiles.Models("emoji-pixart"));
        using ShardedTensors tensors = ShardedTensors.Open(source.Denoiser.DirectoryPath);
        using JsonDocument trials = JsonDocument.Parse(
            File.ReadAllText(RepositoryFiles.Models("emoji-pixart/trials/trials.json"))
        );
        JsonElement trial = trials
            .RootElement.GetProperty("trials")
            .EnumerateArray()
            .First(trial => trial.GetProperty("name").GetString() == trialName);
        QuantizableWeight[] weights = QuantizerBankTests.EmojiWeights(tensors, trial.GetProperty("allocation"));
        BitAllocation allocation = BitAllocation.FromJson(trial.GetProperty("allocation").GetRawText());
        // The bank has only the packed options, so that it is built quickly.
        QuantizerBank bank = QuantizerBankBuilder.Build(
            tensors,
            weights,
            fixture.In("emoji-bank"),
            new BankOptions { Specs = [.. allocation.Specs.Values.Distinct()] }
        );
        PackedModelSummary summary = PackedModelWriter.Write(source, weights, allocation, bank, fixture.In("emoji"));
        long figure = allocation.SizeBytes(weights, 16),
            rest =
                tensors.Tensors.Values.Sum(tensor => tensor.SizeBytes) - weights.Sum(weight => weight.ElementCount * 2);
        long folder = new DirectoryInfo(fixture.In("emoji/transformer")).EnumerateFiles().Sum(file => file.Length);
        output.WriteLine(
            $"{trialName}: figure {figure} + rest {rest}, on disk {folder}: {100.0 * (folder - figure - rest) / (figure + rest):F2} % more"
        );
        // Palettes of K-Means A are single precision, at most 64 bytes per weight.
        Assert.InRange(summary.QuantizedBytes, figure, figure + (32 * weights.Length));
        Assert.Equal(rest, summary.RestBytes);
        Assert.InRange(folder, figure + rest, (long)(1.01 * (figure + rest)));
    }

    private float[] Reconstructed(QuantizableWeight weight)
    {
        float[] values = new float[weight.ElementCount];
        fixture.Bank.Load(weight.Name, fixture.Mixed[weight.Name]!).Dequantize(values);
        return values;
    }

    private static void AssertJoined(PackedModelReader reader, float[] first, float[] second)
    {
        float[] whole = reader.ReadSingle("conv.weight");
        for (int row = 0; row < 6; row++)
        {
            Assert.Equal(first.AsSpan(row * 27, 27), whole.AsSpan(row * 45, 27));
            Assert.Equal(second.AsSpan(row * 18, 18), whole.AsSpan((row * 45) + 27, 18));
        }
    }
}
