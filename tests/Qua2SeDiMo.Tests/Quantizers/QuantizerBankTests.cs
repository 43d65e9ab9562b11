using System.Text.Json;
using System.Text.RegularExpressions;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Quantizers.Palettes;
using Qua2SeDiMo.Storage;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Quantizers;

public sealed class QuantizerBankTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("q2-bank-").FullName;
    private readonly ITestOutputHelper output;

    public QuantizerBankTests(ITestOutputHelper output) => this.output = output;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_bank_gives_back_what_the_quantizers_made()
    {
        using SafetensorsFile source = Source();
        QuantizerBank bank = QuantizerBankBuilder.Build(source, Weights, Bank("a"));
        foreach (QuantizableWeight weight in Weights)
        {
            WeightMatrix matrix = WeightMatrix.Read(source, weight);
            foreach (QuantizerSpec spec in QuantizerSpec.PaperOptions)
            {
                QuantizedWeight expected = WeightQuantizerTests.Quantize(matrix, spec.ToString(), matrix.OriginalType),
                    found = bank.Load(weight.Name, spec);
                Assert.Equal(expected.Codes, found.Codes);
                Assert.Equal(expected.Palettes, found.Palettes);
                Assert.Equal(expected.MeanError, found.MeanError);
                Assert.Equal(expected.TableType, found.TableType);
            }
        }
    }

    [Fact]
    public void Parts_of_a_split_weight_hold_their_own_input_channels()
    {
        using SafetensorsFile source = Source();
        float[] whole = source.ReadSingle("conv.weight");
        float[] first = WeightMatrix.Read(source, Weights[1]).Values.ToArray(),
            second = WeightMatrix.Read(source, Weights[2]).Values.ToArray();
        for (int row = 0; row < 6; row++)
        {
            Assert.Equal(whole.AsSpan(row * 45, 27), first.AsSpan(row * 27, 27));
            Assert.Equal(whole.AsSpan((row * 45) + 27, 18), second.AsSpan(row * 18, 18));
        }
    }

    [Fact]
    public void Bytes_do_not_depend_on_the_number_of_threads()
    {
        using SafetensorsFile source = Source();
        QuantizerBankBuilder.Build(source, Weights, Bank("one"), new BankOptions(Threads: 1));
        QuantizerBankBuilder.Build(source, Weights, Bank("four"), new BankOptions(Threads: 4));
        string[] files = [.. Directory.EnumerateFiles(Bank("one")).Select(path => Path.GetFileName(path))];
        Assert.Equal(Weights.Count + 1, files.Length);
        Assert.All(
            files,
            file =>
                Assert.Equal(
                    File.ReadAllBytes(Path.Combine(Bank("one"), file)),
                    File.ReadAllBytes(Path.Combine(Bank("four"), file))
                )
        );
    }

    [Fact]
    public void A_stopped_run_goes_on_where_it_was()
    {
        using SafetensorsFile source = Source();
        using var stop = new CancellationTokenSource();
        var stopping = new Recorder(progress =>
        {
            if (progress.Finished == 2)
                stop.Cancel();
        });
        Assert.ThrowsAny<OperationCanceledException>(() =>
            QuantizerBankBuilder.Build(source, Weights, Bank("a"), null, stopping, stop.Token)
        );
        QuantizerBankException unfinished = Assert.Throws<QuantizerBankException>(() => QuantizerBank.Open(Bank("a")));
        Assert.Equal(Remedy.Bank, unfinished.Remedy);
        var going = new Recorder(_ => { });
        QuantizerBankBuilder.Build(source, Weights, Bank("a"), null, going);
        Assert.Equal([true, true, false, false], going.Seen.Select(progress => progress.Reused));
        Assert.Equal([1, 2, 3, 4], going.Seen.Select(progress => progress.Finished));
    }

    [Fact]
    public void Data_with_one_bit_flipped_are_refused_and_made_again()
    {
        using SafetensorsFile source = Source();
        QuantizerBank bank = QuantizerBankBuilder.Build(source, Weights, Bank("a"));
        string path = Path.Combine(Bank("a"), bank.Entries["linear"].FileName);
        byte[] good = File.ReadAllBytes(path);
        int data = 8 + (int)BitConverter.ToInt64(good);
        for (int position = data; position < good.Length; position += 61)
        {
            byte[] bad = [.. good];
            bad[position] ^= 16;
            AtomicFile.Write(path, stream => stream.Write(bad));
            Assert.Single(
                QuantizerSpec.PaperOptions,
                spec => Record.Exception(() => bank.Load("linear", spec)) is QuantizedTensorException
            );
        }
        QuantizerBankBuilder.Build(source, Weights, Bank("a"));
        Assert.Equal(good, File.ReadAllBytes(path));
        AtomicFile.Write(
            path,
            stream =>
                stream.Write(
                    System
                        .Text.Encoding.Latin1.GetBytes(
                            System
                                .Text.Encoding.Latin1.GetString(good, 0, data)
                                .Replace("sha256.uaq-4", "sha512.uaq-4", StringComparison.Ordinal)
                        )
                        .Concat(good.AsSpan(data).ToArray())
                        .ToArray()
                )
        );
        Assert.Throws<QuantizerBankException>(() => bank.Load("linear", QuantizerSpec.PaperOptions[0]));
    }

    [Fact]
    public void A_damaged_or_foreign_file_is_made_again()
    {
        using SafetensorsFile source = Source();
        QuantizerBank bank = QuantizerBankBuilder.Build(source, Weights, Bank("a"));
        string damaged = Path.Combine(Bank("a"), bank.Entries["linear"].FileName);
        byte[] good = File.ReadAllBytes(damaged);
        using (FileStream stream = File.OpenWrite(damaged))
            stream.SetLength(good.Length - 3);
        File.Copy(
            Path.Combine(Bank("a"), bank.Entries["conv"].FileName),
            Path.Combine(Bank("a"), bank.Entries["depthwise/1"].FileName),
            overwrite: true
        );
        var recorder = new Recorder(_ => { });
        QuantizerBankBuilder.Build(source, Weights, Bank("a"), null, recorder);
        Assert.Equal([false, true, true, false], recorder.Seen.Select(progress => progress.Reused));
        Assert.Equal(good, File.ReadAllBytes(damaged));
    }

    [Fact]
    public void A_weight_or_option_that_is_not_there_is_named()
    {
        using SafetensorsFile source = Source();
        QuantizerBank bank = QuantizerBankBuilder.Build(source, Weights, Bank("a"));
        Assert.Contains(
            "'other'",
            Assert.Throws<QuantizerBankException>(() => bank.Load("other", QuantizerSpec.PaperOptions[0])).Message
        );
        Assert.Contains(
            "uaq-8",
            Assert
                .Throws<QuantizerBankException>(() =>
                    bank.Load("conv", new QuantizerSpec(QuantizerMethod.UniformAffine, 8))
                )
                .Message
        );
        File.Delete(Path.Combine(Bank("a"), bank.Entries["conv"].FileName));
        Assert.Throws<QuantizerBankException>(() => bank.Load("conv", QuantizerSpec.PaperOptions[0]));
    }

    [Theory]
    [InlineData("\"version\": \"2\"", "\"version\": \"1\"")]
    [InlineData("\"file\": \"linear.safetensors\"", "\"file\": \"../linear.safetensors\"")]
    [InlineData("\"row_length\": 45", "\"row_length\": -45")]
    [InlineData("\"uaq-3\": ", "\"uaq-33\": ")]
    [InlineData("\"weights\": [", "\"heights\": [")]
    public void A_manifest_that_lies_is_refused(string text, string lie)
    {
        using SafetensorsFile source = Source();
        QuantizerBankBuilder.Build(source, Weights, Bank("a"));
        string path = Path.Combine(Bank("a"), "bank.json"),
            manifest = File.ReadAllText(path);
        Assert.Contains(text, manifest);
        AtomicFile.WriteText(path, manifest.Replace(text, lie));
        Assert.ThrowsAny<Q2Exception>(() => QuantizerBank.Open(Bank("a")));
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("1e400")]
    [InlineData("-5")]
    public void An_error_of_a_weight_that_cannot_be_is_damage(string lie)
    {
        using SafetensorsFile source = Source();
        QuantizerBankBuilder.Build(source, Weights, Bank("a"));
        string path = Path.Combine(Bank("a"), "bank.json"),
            manifest = File.ReadAllText(path);
        AtomicFile.WriteText(path, Regex.Replace(manifest, "\"uaq-3\": [0-9.eE+-]+", $"\"uaq-3\": {lie}"));
        Q2Exception error = Assert.ThrowsAny<Q2Exception>(() => QuantizerBank.Open(Bank("a")));
        Assert.Contains("mean_error.uaq-3", error.Message, StringComparison.Ordinal);
        Assert.Equal(Remedy.Bank, error.Remedy);
    }

    [Fact]
    public void A_weight_that_is_not_finite_is_named()
    {
        string path = Path.Combine(folder, "broken.safetensors");
        SafetensorsWriter.Write(
            path,
            [SafetensorsWriter.Item.Single("w.weight", [2, 2], new[] { 1f, 2f, float.NaN, 3f })]
        );
        using SafetensorsFile source = SafetensorsFile.Open(path);
        UnquantizableWeightException error = Assert.Throws<UnquantizableWeightException>(() =>
            QuantizerBankBuilder.Build(
                source,
                [new QuantizableWeight("w", WeightOperator.Linear, [2, 2], "w.weight", 0, 2)],
                Bank("a")
            )
        );
        Assert.Contains("'w'", error.Message);
        Assert.Contains("row 1", error.Message);
    }

    [Fact]
    public void The_bundled_model_becomes_a_bank_whose_average_bits_are_the_reference()
    {
        using ShardedTensors source = ShardedTensors.Open(RepositoryFiles.Models("emoji-pixart/transformer"));
        using JsonDocument trials = JsonDocument.Parse(
            File.ReadAllText(RepositoryFiles.Models("emoji-pixart/trials/trials.json"))
        );
        JsonElement[] labelled =
        [
            .. trials
                .RootElement.GetProperty("trials")
                .EnumerateArray()
                .Where(trial => trial.GetProperty("allocation").ValueKind == JsonValueKind.Object),
        ];
        QuantizableWeight[] weights = EmojiWeights(source, labelled[0].GetProperty("allocation"));
        long started = TimeProvider.System.GetTimestamp();
        QuantizerBank bank = QuantizerBankBuilder.Build(source, weights, Bank("emoji"));
        output.WriteLine(
            $"{weights.Length} weights, {weights.Sum(weight => weight.ElementCount)} parameters: "
                + $"{TimeProvider.System.GetElapsedTime(started)}"
        );
        foreach (JsonElement trial in labelled)
        {
            BitAllocation allocation = BitAllocation.FromJson(trial.GetProperty("allocation").GetRawText());
            Assert.Equal(trial.GetProperty("average_bits").GetDouble(), allocation.AverageBits(weights, 16), 1e-9);
            Assert.All(allocation.Specs, pair => Assert.True(bank.MeanError(pair.Key, pair.Value) >= 0));
        }
        float[] values = new float[weights[0].ElementCount];
        bank.Load(weights[0].Name, QuantizerSpec.PaperOptions[2]).Dequantize(values);
        Assert.All(values, value => Assert.True(float.IsFinite(value)));
    }

    internal static QuantizableWeight[] EmojiWeights(ITensorSource source, JsonElement allocation) =>
        [
            .. allocation
                .EnumerateObject()
                .Select(property =>
                {
                    TensorInfo tensor = source.Tensors[property.Name + ".weight"];
                    return new QuantizableWeight(
                        property.Name,
                        tensor.Shape.Count == 2 ? WeightOperator.Linear : WeightOperator.Conv2d,
                        tensor.Shape,
                        tensor.Name,
                        0,
                        tensor.Shape[1]
                    );
                }),
        ];

    internal static IReadOnlyList<QuantizableWeight> Weights { get; } =
    [
        new("linear", WeightOperator.Linear, [24, 45], "linear.weight", 0, 45),
        new("conv", WeightOperator.Conv2d, [6, 3, 3, 3], "conv.weight", 0, 5),
        new("conv#1", WeightOperator.Conv2d, [6, 2, 3, 3], "conv.weight", 3, 5),
        new("depthwise/1", WeightOperator.Conv1d, [5, 1, 3], "depthwise.weight", 0, 1),
    ];

    /// <summary>Writes a checkpoint with a linear weight in half precision, a split convolution, a depthwise
    /// convolution and a bias.</summary>
    internal static void WriteSource(string path) =>
        SafetensorsWriter.Write(
            path,
            [
                Half("linear.weight", [24, 45], 1),
                Half("conv.weight", [6, 5, 3, 3], 2),
                Half("depthwise.weight", [5, 1, 3], 3),
                Half("linear.bias", [24], 4),
            ]
        );

    private static SafetensorsWriter.Item Half(string name, long[] shape, ulong seed)
    {
        var info = new TensorInfo(name, ElementType.Float16, shape);
        byte[] bytes = new byte[info.SizeBytes];
        float[] values =
        [
            .. KMeans1DTests
                .Gaussian((int)info.ElementCount, seed)
                .Select(value => TablePrecision.Round(ElementType.Float16, value)),
        ];
        TablePrecision.Write(ElementType.Float16, values, bytes);
        return new SafetensorsWriter.Item(info, stream => stream.Write(bytes));
    }

    private SafetensorsFile Source()
    {
        string path = Path.Combine(folder, "source.safetensors");
        WriteSource(path);
        return SafetensorsFile.Open(path);
    }

    private string Bank(string name) => Path.Combine(folder, name);

    private sealed class Recorder(Action<BankProgress> react) : IProgress<BankProgress>
    {
        public List<BankProgress> Seen { get; } = [];

        public void Report(BankProgress value)
        {
            Seen.Add(value);
            react(value);
        }
    }
}
