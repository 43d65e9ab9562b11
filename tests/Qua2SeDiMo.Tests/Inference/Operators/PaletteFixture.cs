using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Quantizers.Palettes;

namespace Qua2SeDiMo.Tests.Inference.Operators;

/// <summary>Graphs that use the palette operators with random weights, and the same graphs with dequantized
/// weights.</summary>
internal static class PaletteFixture
{
    /// <summary>Quantizes every weight of a graph with one option, in memory.</summary>
    internal static PaletteSource Quantize(Graph graph, MemoryTensors checkpoint, QuantizerSpec spec)
    {
        Dictionary<string, QuantizedWeight> weights = graph.Weights.ToDictionary(
            weight => weight.Weight.Name,
            weight =>
                WeightQuantizer
                    .Quantize(
                        WeightMatrix.Read(checkpoint, weight.Weight),
                        [spec],
                        null,
                        new ParallelOptions { MaxDegreeOfParallelism = 1 }
                    )
                    .Single()
        );
        return new PaletteSource(
            BitAllocation.Uniform(graph.Weights.Select(weight => weight.Weight), spec),
            name => weights[name].TableType,
            name => weights[name]
        );
    }

    /// <summary>Runs a graph with the dequantized weights of a source in place of the checkpoint's.</summary>
    internal static TensorValue RunReconstructed(
        Graph graph,
        MemoryTensors checkpoint,
        PaletteSource source,
        TensorValue x
    )
    {
        using var binding = new WeightBinding(graph.Weights, checkpoint);
        foreach (string name in source.Allocation.Specs.Keys)
            binding.Set(name, "quantized", destination => source.Load(name).Dequantize(destination));
        using var model = new InferenceModel(graph, checkpoint, binding);
        return model.Run(new Dictionary<string, TensorValue> { ["x"] = x })["y"];
    }

    internal static TensorValue Run(Graph graph, MemoryTensors checkpoint, TensorValue x)
    {
        using var model = new InferenceModel(graph, checkpoint);
        return model.Run(new Dictionary<string, TensorValue> { ["x"] = x })["y"];
    }

    internal static TensorValue Random(ulong seed, params long[] shape)
    {
        var random = new Pcg32(seed);
        return TensorValue.Of(
            [
                .. Enumerable
                    .Range(0, (int)shape.Aggregate(1L, (product, extent) => product * extent))
                    .Select(_ => (float)random.NextNormal()),
            ],
            shape
        );
    }

    /// <summary>Largest absolute difference divided by the largest expected magnitude.</summary>
    internal static double WorstShare(float[] expected, float[] found)
    {
        Xunit.Assert.Equal(expected.Length, found.Length);
        return expected.Zip(found, (e, f) => Math.Abs((double)e - f)).Max() / expected.Max(Math.Abs);
    }
}
