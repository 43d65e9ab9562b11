using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Verification;

/// <summary>Compares online activation quantization with stored codes and outputs. For attention weights the range
/// begins at zero.</summary>
internal static class ActivationCases
{
    private const double Tolerance = 1e-6;

    internal static List<VerificationResult> Verify(string[] names, SafetensorsFile tensors)
    {
        var results = new List<VerificationResult>();
        foreach ((string prefix, string input, int bits) in QuantizerCases.Widths(names, ".output"))
            results.AddRange(VerifyCase(prefix, input, bits, tensors));
        return results;
    }

    private static IEnumerable<VerificationResult> VerifyCase(
        string prefix,
        string input,
        int bits,
        SafetensorsFile tensors
    )
    {
        TensorInfo info = tensors.Tensors[$"{input}.input"];
        float[] values = tensors.ReadSingle(info.Name),
            expected = tensors.ReadSingle($"{prefix}.output"),
            steps = tensors.ReadSingle($"{prefix}.delta");
        long[] codes = tensors.ReadInt64($"{prefix}.codes");
        bool fromZero = input == "attention_weights";
        // Attention weights have one row per query, although RowLength takes a tensor of rank 4 for an image.
        int rowLength = fromZero ? (int)info.Shape[^1] : ActivationQuantizer.RowLength([.. info.Shape]);
        float[] actual = new float[values.Length];
        ActivationQuantizer.Quantize(values, rowLength, bits, actual, fromZero);
        int wrongCodes = 0;
        double worst = 0,
            worstStep = 0,
            worstExact = 0;
        for (int row = 0; row < steps.Length; row++)
        {
            int start = row * rowLength;
            ReadOnlySpan<float> source = values.AsSpan(start, rowLength),
                found = actual.AsSpan(start, rowLength);
            double largest = Math.Abs((double)System.Numerics.Tensors.TensorPrimitives.MaxMagnitude(source));
            ActivationRange range = ActivationRange.Of(source, bits, fromZero);
            if (range.IsExact || steps[row] == 0)
            {
                worstExact = Math.Max(worstExact, AffineCases.Worst(source, found, largest));
                continue;
            }
            worstStep = Math.Max(worstStep, Math.Abs(range.Scale - (double)steps[row]) / steps[row]);
            worst = Math.Max(worst, AffineCases.Worst(expected.AsSpan(start, rowLength), found, largest));
            for (int i = 0; i < rowLength; i++)
                wrongCodes += (int)range.Code(source[i]) == codes[start + i] ? 0 : 1;
        }
        yield return QuantizerCases.Limit("activations", $"{prefix}.codes", wrongCodes, 0);
        yield return QuantizerCases.Limit("activations", $"{prefix}.delta", worstStep, Tolerance);
        yield return QuantizerCases.Limit("activations", $"{prefix}.output", worst, Tolerance);
        yield return QuantizerCases.Limit("activations", $"{prefix}.constant rows", worstExact, 0);
    }
}
