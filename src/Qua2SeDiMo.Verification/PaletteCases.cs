using System.Globalization;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers.Palettes;

namespace Qua2SeDiMo.Verification;

/// <summary>Compares one-dimensional k-means with stored optima: the inertia must be within a relative 1e-6 of the
/// optimum and not above that of the iterative algorithm.</summary>
internal static class PaletteCases
{
    private const double Tolerance = 1e-6;

    // Inertia that counts as 0, in view of rounding.
    private const double AbsoluteTolerance = 1e-12;

    internal static List<VerificationResult> Verify(JsonObject inertia, SafetensorsFile tensors)
    {
        var results = new List<VerificationResult>();
        foreach ((string name, JsonNode? node) in inertia)
        {
            int cut = name.LastIndexOf(".k", StringComparison.Ordinal);
            int clusters = int.Parse(name[(cut + 2)..], CultureInfo.InvariantCulture);
            string tensor = name[..cut];
            float[] values = tensors.ReadSingle($"{tensor}.weight");
            int channels = (int)tensors.Tensors[$"{tensor}.weight"].Shape[0];
            var weight = new WeightMatrix(tensor, values, channels, values.Length / channels, ElementType.Float32);
            int bits = int.Log2(clusters);
            JsonObject expected = node!.AsObject();
            if (expected["channel_inertia"] is JsonArray optima)
            {
                results.AddRange(
                    Compare(
                        $"{name}.channel",
                        weight,
                        PaletteQuantizer.PerChannel(weight, [bits], ElementType.Float32)[0],
                        Doubles(optima),
                        Doubles(expected["channel_inertia_lloyd"]),
                        Integers(expected["channel_distinct"])
                    )
                );
            }
            if (expected["tensor_inertia"] is not null)
            {
                WeightMatrix flat = weight with { OutChannels = 1, RowLength = values.Length };
                results.AddRange(
                    Compare(
                        $"{name}.tensor",
                        flat,
                        PaletteQuantizer.PerTensor(flat, [bits], ElementType.Float32)[0],
                        Doubles(expected["tensor_inertia"]),
                        Doubles(expected["tensor_inertia_lloyd"]),
                        Integers(expected["tensor_distinct"])
                    )
                );
            }
        }
        return results;
    }

    private static IEnumerable<VerificationResult> Compare(
        string name,
        WeightMatrix weight,
        QuantizedWeight quantized,
        double[] optima,
        double[] lloyd,
        int[] distinct
    )
    {
        var kmeans = new KMeans1D();
        double worst = 0,
            worstCodes = 0,
            worstLloyd = 0;
        int wrongCounts = 0;
        float[] values = new float[weight.Count];
        quantized.Dequantize(values);
        for (int row = 0; row < optima.Length; row++)
        {
            kmeans.Load(weight.Row(row));
            kmeans.Solve(quantized.Spec.PaletteLength);
            wrongCounts += kmeans.DistinctCount == distinct[row] ? 0 : 1;
            double found = kmeans.Inertia(quantized.Spec.PaletteLength);
            worst = Math.Max(worst, Excess(found, optima[row]));
            // The iterative algorithm may have found the optimum too, with other rounding.
            worstLloyd = Math.Max(worstLloyd, found - (lloyd[row] * (1 + 1e-9)));
            double reached = 0;
            ReadOnlySpan<float> source = weight.Row(row);
            for (int i = 0; i < source.Length; i++)
            {
                double difference = (double)source[i] - values[(row * weight.RowLength) + i];
                reached += difference * difference;
            }
            worstCodes = Math.Max(worstCodes, Excess(reached, optima[row]));
        }
        yield return QuantizerCases.Limit("kmeans", $"{name}.inertia", worst, Tolerance);
        yield return QuantizerCases.Limit("kmeans", $"{name}.inertia of codes", worstCodes, Tolerance);
        yield return QuantizerCases.Limit("kmeans", $"{name}.above iterative k-means", worstLloyd, AbsoluteTolerance);
        yield return QuantizerCases.Limit("kmeans", $"{name}.distinct", wrongCounts, 0);
    }

    // Relative distance in both directions, since an inertia below the optimum would be a wrong sum.
    private static double Excess(double found, double optimum) =>
        Math.Abs(found - optimum) <= AbsoluteTolerance ? 0 : Math.Abs(found - optimum) / optimum;

    private static double[] Doubles(JsonNode? node) =>
        node is JsonArray array ? [.. array.Select(item => (double)item!)] : [(double)node!];

    private static int[] Integers(JsonNode? node) =>
        node is JsonArray array ? [.. array.Select(item => (int)item!)] : [(int)node!];
}
