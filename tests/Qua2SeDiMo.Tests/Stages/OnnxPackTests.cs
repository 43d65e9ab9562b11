using Microsoft.ML.OnnxRuntime;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Graphs.Passes;
using Qua2SeDiMo.Images;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Storage;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Stages;

/// <summary>A denoiser packed as ONNX gives in plain ONNX Runtime the results of the dequantized weights
/// here.</summary>
public sealed class OnnxPackTests(ITestOutputHelper output) : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("q2-onnx-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("pipelines/stable-diffusion-15", null, PackFormat.Onnx)]
    [InlineData("pipelines/stable-diffusion-15", 8, PackFormat.Onnx)]
    [InlineData("pipelines/pixart-alpha", null, PackFormat.Onnx)]
    [InlineData("pipelines/stable-diffusion-15", null, PackFormat.OnnxOperators)]
    [InlineData("pipelines/pixart-alpha", null, PackFormat.OnnxOperators)]
    public void A_plain_session_computes_the_fake_quantized_output_and_the_pipeline_its_image(
        string pipeline,
        int? activationBits,
        PackFormat format
    )
    {
        using OpenModel model = OpenModel.Open(RepositoryFiles.Golden(pipeline));
        var run = new RunDirectory(Path.Combine(folder, "run"));
        QuantizerBank bank = BankStage.Run(model, run);
        BitAllocation allocation = Mixed(model);
        PackedModelSummary summary = PackStage.Run(
            model,
            run,
            allocation,
            Path.Combine(folder, "packed"),
            null,
            format,
            activationBits
        );
        string path = Path.Combine(summary.DirectoryPath, model.Folder.Denoiser.Name, OnnxReader.FileName);
        Dictionary<string, TensorValue> inputs = Inputs(model.Graph);

        using WeightBinding binding = model.CreateBinding();
        OpenModel.Apply(allocation, binding, bank);
        Graph graph = activationBits is { } bits ? ActivationQuantization.Apply(model.Graph, bits) : model.Graph;
        using var fake = new InferenceModel(graph, model.Tensors, binding);
        float[] expected = fake.Run(inputs)[graph.Outputs[0].Name].Singles.ToArray();
        AssertNear(expected, RunPlainly(path, inputs, folds: true), Tolerance(activationBits));
        AssertNear(expected, RunPlainly(path, inputs, folds: false), Tolerance(activationBits));

        using OpenModel packed = OpenModel.Open(summary.DirectoryPath);
        Assert.True(packed.Weights.Count < model.Weights.Count);
        double decibels = PeakSignalToNoise.Decibels(
            Image(packed, "packed", null, null),
            Image(model, "fake", (allocation, bank), activationBits)
        );
        output.WriteLine(
            $"{pipeline}: {decibels:0.0} dB, {summary.QuantizedBytes} bytes quantized, {summary.FileBytes} on disk"
        );
        Assert.InRange(decibels, activationBits is null ? 60 : 30, double.PositiveInfinity);
        Assert.Contains(
            "already packed",
            Assert.Throws<ModelFolderException>(() => BankStage.Run(packed, run)).Message,
            StringComparison.Ordinal
        );
        // A truncated file is rejected at any length.
        byte[] whole = File.ReadAllBytes(path);
        foreach (double share in new[] { 0.0, 0.3, 0.6, 0.999 })
        {
            AtomicFile.Write(path, stream => stream.Write(whole.AsSpan(0, (int)(share * whole.Length))));
            Assert.ThrowsAny<Q2Exception>(() => OpenModel.Open(summary.DirectoryPath).Dispose());
        }
    }

    [Theory]
    [Trait("Speed", "Slow")]
    [InlineData("emoji-pixart")]
    [InlineData("emoji-unet")]
    public void The_file_stays_small(string name)
    {
        using OpenModel model = OpenModel.Open(RepositoryFiles.Models(name));
        var run = new RunDirectory(Path.Combine(folder, "run"));
        BankStage.Run(model, run);
        BitAllocation allocation = Mixed(model);
        PackedModelSummary ours = PackStage.Run(model, run, allocation, run.Packed, null);
        PackedModelSummary onnx = PackStage.Run(model, run, allocation, run.PackedAs("onnx"), null, PackFormat.Onnx);
        long whole = model.Tensors.Tensors.Values.Sum(tensor => tensor.SizeBytes);
        output.WriteLine(
            $"{name}: float16 {whole:#,0}, q2 {ours.FileBytes:#,0} ({ours.QuantizedBytes:#,0} + "
                + $"{ours.RestBytes:#,0}), ONNX {onnx.FileBytes:#,0} ({onnx.QuantizedBytes:#,0} + {onnx.RestBytes:#,0})"
        );
        // A scale and zero point of UAQ take five bytes instead of four. The graph itself is the rest.
        Assert.InRange(onnx.QuantizedBytes, ours.QuantizedBytes, (long)(1.01 * ours.QuantizedBytes));
        Assert.InRange(onnx.FileBytes, ours.FileBytes, ours.FileBytes + 700_000);
    }

    // With quantized activations, a value close to the boundary of two codes may round to either side, and the
    // difference spreads.
    private static double Tolerance(int? activationBits) => activationBits is null ? 1e-5 : 0.1;

    // All options in turn; every seventh weight keeps its precision.
    private static BitAllocation Mixed(OpenModel model)
    {
        int i = 0;
        return new BitAllocation(
            model
                .Weights.Where((_, index) => index % 7 != 6)
                .Select(weight => KeyValuePair.Create(weight.Name, QuantizerSpec.PaperOptions[i++ % 6]))
        );
    }

    private float[] Image(OpenModel model, string name, (BitAllocation, QuantizerBank)? quantized, int? activationBits)
    {
        var options = new GenerateOptions(["a red apple"], new GenerationRequest { StepCount = 2 }, 3)
        {
            ActivationBits = activationBits,
        };
        return PngFile
            .Decode(
                File.ReadAllBytes(
                    GenerateStage.Run(model, Path.Combine(folder, name), options, quantized).Images.Single().Path
                )
            )
            .Image;
    }

    private static Dictionary<string, TensorValue> Inputs(Graph graph)
    {
        var random = new Pcg32(5);
        var inputs = new Dictionary<string, TensorValue>();
        foreach (GraphValue input in graph.Inputs)
        {
            long[] shape =
            [
                .. input.Shape.Select(extent =>
                    extent.IsFixed ? extent.Size
                    : extent.Symbol == "batch" ? 2
                    : 5
                ),
            ];
            long count = shape.Aggregate(1L, (product, extent) => product * extent);
            inputs[input.Name] =
                input.Type == ElementType.Int64
                    ? TensorValue.Of([.. Enumerable.Range(0, (int)count).Select(i => (long)i)], shape)
                    : TensorValue.Of(
                        [
                            .. Enumerable
                                .Range(0, (int)count)
                                .Select(_ =>
                                    input.Name == "timestep" ? 321f
                                    : input.Name.Contains("mask", StringComparison.Ordinal) ? 1f
                                    : (float)random.NextNormal()
                                ),
                        ],
                        shape
                    );
        }
        return inputs;
    }

    // Runs the model in a plain ONNX Runtime session.
    private static float[] RunPlainly(string path, Dictionary<string, TensorValue> inputs, bool folds)
    {
        using var options = new SessionOptions();
        // Stands for the library that a host would load.
        RuntimeOperators.Register(options);
        if (!folds)
            options.AddSessionConfigEntry("optimization.disable_specified_optimizers", "ConstantFolding");
        using var session = new InferenceSession(path, options);
        OrtValue[] given =
        [
            .. inputs.Values.Select(value =>
                value.Type == ElementType.Int64
                    ? OrtValue.CreateTensorValueFromMemory(value.Integers.ToArray(), [.. value.Shape])
                    : OrtValue.CreateTensorValueFromMemory(value.Singles.ToArray(), [.. value.Shape])
            ),
        ];
        using var run = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(
            run,
            [.. inputs.Keys],
            given,
            [session.OutputNames[0]]
        );
        float[] result = results[0].GetTensorDataAsSpan<float>().ToArray();
        foreach (OrtValue value in given)
            value.Dispose();
        return result;
    }

    private void AssertNear(float[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = expected.Max(MathF.Abs),
            worst = expected.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second)) / scale;
        output.WriteLine($"worst difference {worst:0.0E+0} of the largest value {scale:0.00}");
        Assert.InRange(worst, 0, tolerance);
    }
}
