using System.Globalization;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers.Affine;
using Qua2SeDiMo.Quantizers.Palettes;

namespace Qua2SeDiMo.Verification;

/// <summary>UAQ against stored choices, codes and reconstructions. Where two candidates score within 1e-6 of each
/// other, either is right.</summary>
internal static class AffineCases
{
    private const double TieTolerance = 1e-6;
    private const double ScoreTolerance = 1e-5;
    private const double ValueTolerance = 1e-6;

    internal static List<VerificationResult> Verify(string[] names, SafetensorsFile tensors)
    {
        const string suffix = ".codes";
        var results = new List<VerificationResult>();
        foreach (string name in names.Where(name => name.EndsWith(suffix, StringComparison.Ordinal)))
        {
            string prefix = name[..^suffix.Length];
            int cut = prefix.LastIndexOf(".b", StringComparison.Ordinal);
            results.AddRange(
                VerifyTensor(
                    prefix,
                    prefix[..cut],
                    int.Parse(prefix[(cut + 2)..], CultureInfo.InvariantCulture),
                    tensors
                )
            );
        }
        return results;
    }

    private static IEnumerable<VerificationResult> VerifyTensor(
        string prefix,
        string tensor,
        int bits,
        SafetensorsFile tensors
    )
    {
        float[] values = tensors.ReadSingle($"{tensor}.weight");
        int channels = (int)tensors.Tensors[$"{tensor}.weight"].Shape[0],
            rowLength = values.Length / channels;
        QuantizedWeight actual = AffineQuantizer.Quantize(
            new WeightMatrix(tensor, values, channels, rowLength, ElementType.Float32),
            bits,
            ElementType.Float32
        );
        float[] reconstructed = new float[values.Length];
        actual.Dequantize(reconstructed);
        long[] defined = tensors.ReadInt64($"{prefix}.defined"),
            candidates = tensors.ReadInt64($"{prefix}.clip_index"),
            codes = tensors.ReadInt64($"{prefix}.codes");
        float[] scores = tensors.ReadSingle($"{prefix}.candidate_scores"),
            expected = tensors.ReadSingle($"{prefix}.dequantized"),
            steps = tensors.ReadSingle($"{prefix}.delta");
        int wrongChoices = 0,
            wrongCodes = 0,
            ties = 0;
        double worstScore = 0,
            worstValue = 0,
            worstStep = 0,
            worstConstant = 0;
        double[] found = new double[AffineQuantizer.CandidateCount];
        for (int channel = 0; channel < channels; channel++)
        {
            ReadOnlySpan<float> row = values.AsSpan(channel * rowLength, rowLength);
            double largest = System.Numerics.Tensors.TensorPrimitives.MaxMagnitude(row);
            if (defined[channel] == 0)
            {
                // Undefined in the reference: the constant itself is asked for.
                worstConstant = Math.Max(
                    worstConstant,
                    Worst(row, reconstructed.AsSpan(channel * rowLength, rowLength), Math.Abs(largest))
                );
                continue;
            }
            AffineChoice choice = AffineQuantizer.Choose(row, bits, ElementType.Float32, found);
            ReadOnlySpan<float> stored = scores.AsSpan(channel * found.Length, found.Length);
            for (int i = 0; i < found.Length; i++)
                worstScore = Math.Max(worstScore, Relative(found[i], stored[i]));
            if (choice.Candidate != candidates[channel])
            {
                bool tie = Relative(stored[choice.Candidate], stored[(int)candidates[channel]]) <= TieTolerance;
                if (tie)
                    ties++;
                else
                    wrongChoices++;
                continue;
            }
            worstStep = Math.Max(worstStep, Relative(choice.Step, steps[channel]));
            int start = channel * rowLength;
            for (int i = start; i < start + rowLength; i++)
                wrongCodes += actual.Codes[i] == codes[i] ? 0 : 1;
            worstValue = Math.Max(
                worstValue,
                Worst(expected.AsSpan(start, rowLength), reconstructed.AsSpan(start, rowLength), Math.Abs(largest))
            );
        }
        yield return QuantizerCases.Limit(
            "uaq",
            $"{prefix}.clip_index",
            wrongChoices,
            0,
            ties == 0 ? null : $"{ties} of {channels} channels chose an equally good candidate"
        );
        yield return QuantizerCases.Limit("uaq", $"{prefix}.codes", wrongCodes, 0);
        yield return QuantizerCases.Limit("uaq", $"{prefix}.delta", worstStep, ValueTolerance);
        yield return QuantizerCases.Limit("uaq", $"{prefix}.dequantized", worstValue, ValueTolerance);
        yield return QuantizerCases.Limit("uaq", $"{prefix}.candidate_scores", worstScore, ScoreTolerance);
        yield return QuantizerCases.Limit("uaq", $"{prefix}.constant channels", worstConstant, ValueTolerance);
    }

    /// <summary>The largest difference, relative to a magnitude (absolute when that is zero).</summary>
    internal static double Worst(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double magnitude)
    {
        double worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs((double)actual[i] - expected[i]);
            worst = Math.Max(worst, double.IsNaN(difference) ? double.PositiveInfinity : difference);
        }
        return magnitude > 0 ? worst / magnitude : worst;
    }

    private static double Relative(double found, double expected)
    {
        double difference = Math.Abs(found - expected);
        if (double.IsNaN(difference))
            return double.PositiveInfinity;
        return difference == 0 ? 0 : difference / Math.Max(Math.Abs(expected), float.Epsilon);
    }
}
