using System.Text.Json.Nodes;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Affine;
using Qua2SeDiMo.Quantizers.Palettes;

namespace Qua2SeDiMo.Verification;

/// <summary>Compares the size formula, average bits, errors and bit operations with stored figures.</summary>
internal static class SizeCases
{
    private const double Tolerance = 1e-5;

    internal static List<VerificationResult> Verify(JsonObject description)
    {
        var results = new List<VerificationResult>();
        JsonObject[] examples = [.. description["examples"]!.AsArray().Select(node => node!.AsObject())];
        long worst = examples.Max(example =>
            Math.Abs(
                Spec(example)
                    .SizeBytes(Count(example), (int)example["shape"]![0]!, (int)example["original_precision_bits"]!)
                    - (long)example["quantized_bytes"]!
            )
        );
        results.Add(QuantizerCases.Limit("size", $"{examples.Length} examples, bytes", worst, 0));
        if (description["model_example"] is JsonObject model)
            results.AddRange(Model(model, description["bops"]?["example"] as JsonObject));
        foreach (JsonNode? node in description["error_examples"]?.AsArray() ?? [])
            results.Add(Error(node!.AsObject()));
        return results;
    }

    private static IEnumerable<VerificationResult> Model(JsonObject model, JsonObject? operations)
    {
        JsonObject[] layers = [.. model["layers"]!.AsArray().Select(node => node!.AsObject())];
        QuantizableWeight[] weights = [.. layers.Select(Weight)];
        var allocation = new BitAllocation(
            layers.Select((layer, i) => KeyValuePair.Create(weights[i].Name, Spec(layer)))
        );
        const int halfBits = 16;
        yield return QuantizerCases.Limit(
            "size",
            "model, bytes",
            Math.Abs(allocation.SizeBytes(weights, halfBits) - (long)model["quantized_bytes"]!),
            0
        );
        yield return QuantizerCases.Limit(
            "size",
            "model, average bits",
            Math.Abs(allocation.AverageBits(weights, halfBits) - (double)model["avg_bits"]!),
            1e-12
        );
        if (operations is null)
            yield break;
        int activationBits = (int)operations["activation_bits"]!;
        var macs = weights
            .Select((weight, i) => KeyValuePair.Create(weight.Name, (long)operations["layer_macs"]![i]!))
            .ToDictionary();
        double attention =
            ((int)operations["blocks"]!)
            * (
                BitOperations.OfAttention((long)(double)operations["self_qk_macs"]!, activationBits)
                + BitOperations.OfAttention((long)(double)operations["cross_qk_macs"]!, activationBits)
            );
        // The published count also includes normalisations with 32 bits and other operators with 16.
        double others = ((double)operations["norm_macs"]! * 32) + ((double)operations["activation_macs"]! * halfBits);
        double total =
            BitOperations.Total(macs, allocation, activationBits, halfBits, BitOperationAccounting.Published)
            + attention
            + others;
        double expected = (double)operations["total_bops"]!;
        yield return QuantizerCases.Limit("size", "bit operations", Math.Abs(total - expected) / expected, 1e-12);
    }

    // The stored error is the sum of the channels' means; MeanError is the mean per weight (method.md, section 7b).
    private static VerificationResult Error(JsonObject example)
    {
        float[] values = [.. Flatten(example["weight"]!).Select(value => (float)value)];
        int channels = (int)example["shape"]![0]!;
        var weight = new WeightMatrix("example", values, channels, values.Length / channels, ElementType.Float32);
        double found =
            AffineQuantizer.Quantize(weight, (int)example["bits"]!, ElementType.Float32).MeanError * channels;
        double expected = (double)example["error"]!;
        return QuantizerCases.Limit(
            "size",
            $"error, {example["method"]} {example["bits"]} bits",
            Math.Abs(found - expected) / expected,
            Tolerance
        );
    }

    private static IEnumerable<double> Flatten(JsonNode node) =>
        node is JsonArray array ? array.SelectMany(item => Flatten(item!)) : [(double)node];

    private static QuantizerSpec Spec(JsonObject example) =>
        new(
            (string)example["method"]! switch
            {
                "uaq" => QuantizerMethod.UniformAffine,
                "kmeans_c" => QuantizerMethod.KMeansPerChannel,
                _ => QuantizerMethod.KMeansPerTensor,
            },
            (int)example["bits"]!
        );

    private static QuantizableWeight Weight(JsonObject layer)
    {
        long[] shape = [.. layer["shape"]!.AsArray().Select(extent => (long)extent!)];
        string name = (string)layer["layer"]!;
        return new QuantizableWeight(
            name,
            shape.Length == 2 ? WeightOperator.Linear : WeightOperator.Conv2d,
            shape,
            name,
            0,
            shape[1]
        );
    }

    private static long Count(JsonObject example) =>
        example["shape"]!.AsArray().Aggregate(1L, (product, extent) => product * (long)extent!);
}
