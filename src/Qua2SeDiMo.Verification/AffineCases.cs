using System.Numerics.Tensors;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers.Affine;
using Qua2SeDiMo.Quantizers.Palettes;

namespace Qua2SeDiMo.Verification;

/// <summary>Compares UAQ with stored choices, codes and reconstructions. Of two candidates whose scores differ by at
/// most a relative 1e-6, either is accepted.</summary>
internal static class AffineCases
{
    private const double TieTolerance = 1e-6;
    private const double ScoreTolerance = 1e-5;
    private const double ValueTolerance = 1e-6;

    internal static List<VerificationResult> Verify(string[] names, SafetensorsFile tensors)
    {
        var results = new List<VerificationResult>();
        foreach ((string prefix, string tensor, int bits) in QuantizerCases.Widths(names, ".codes"))
        {
            var check = new TensorCheck(prefix, tensor, bits, tensors);
            check.Run();
            results.AddRange(check.Results());
        }
        return results;
    }

    /// <summary>The largest difference relative to a magnitude; absolute if the magnitude is 0.</summary>
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

    // Checks one tensor at one number of bits, channel by channel.
    private sealed class TensorCheck
    {
        private readonly string prefix;
        private readonly int bits,
            channels,
            rowLength;
        private readonly float[] values,
            reconstructed;
        private readonly byte[] codes;
        private readonly StoredChannels stored;
        private readonly double[] candidateScores = new double[AffineQuantizer.CandidateCount];
        private int wrongChoices,
            wrongCodes,
            ties;
        private double worstScore,
            worstValue,
            worstStep,
            worstConstant;

        public TensorCheck(string prefix, string tensor, int bits, SafetensorsFile tensors)
        {
            (this.prefix, this.bits) = (prefix, bits);
            values = tensors.ReadSingle($"{tensor}.weight");
            channels = (int)tensors.Tensors[$"{tensor}.weight"].Shape[0];
            rowLength = values.Length / channels;
            QuantizedWeight actual = AffineQuantizer.Quantize(
                new WeightMatrix(tensor, values, channels, rowLength, ElementType.Float32),
                bits,
                ElementType.Float32
            );
            codes = actual.Codes;
            reconstructed = new float[values.Length];
            actual.Dequantize(reconstructed);
            stored = new StoredChannels(
                tensors.ReadInt64($"{prefix}.defined"),
                tensors.ReadInt64($"{prefix}.clip_index"),
                tensors.ReadInt64($"{prefix}.codes"),
                tensors.ReadSingle($"{prefix}.candidate_scores"),
                tensors.ReadSingle($"{prefix}.dequantized"),
                tensors.ReadSingle($"{prefix}.delta")
            );
        }

        public void Run()
        {
            for (int channel = 0; channel < channels; channel++)
            {
                // The reference is undefined for a constant channel; the constant itself is expected.
                if (stored.Defined[channel] == 0)
                    worstConstant = Math.Max(worstConstant, WorstOf(channel, values));
                else if (ChoosesAsStored(channel))
                    CompareCodes(channel);
            }
        }

        public IEnumerable<VerificationResult> Results()
        {
            string? detail = ties == 0 ? null : $"{ties} of {channels} channels chose an equally good candidate";
            yield return QuantizerCases.Limit("uaq", $"{prefix}.clip_index", wrongChoices, 0, detail);
            yield return QuantizerCases.Limit("uaq", $"{prefix}.codes", wrongCodes, 0);
            yield return QuantizerCases.Limit("uaq", $"{prefix}.delta", worstStep, ValueTolerance);
            yield return QuantizerCases.Limit("uaq", $"{prefix}.dequantized", worstValue, ValueTolerance);
            yield return QuantizerCases.Limit("uaq", $"{prefix}.candidate_scores", worstScore, ScoreTolerance);
            yield return QuantizerCases.Limit("uaq", $"{prefix}.constant channels", worstConstant, ValueTolerance);
        }

        // Compares the scores of all candidates, the choice, and its step; returns whether the choice is the stored
        // one.
        private bool ChoosesAsStored(int channel)
        {
            AffineChoice choice = AffineQuantizer.Choose(
                Row(values, channel),
                bits,
                ElementType.Float32,
                candidateScores
            );
            ReadOnlySpan<float> expected = stored.Scores.AsSpan(
                channel * candidateScores.Length,
                candidateScores.Length
            );
            for (int i = 0; i < candidateScores.Length; i++)
                worstScore = Math.Max(worstScore, Relative(candidateScores[i], expected[i]));
            int candidate = (int)stored.Candidates[channel];
            if (choice.Candidate != candidate)
            {
                if (Relative(expected[choice.Candidate], expected[candidate]) <= TieTolerance)
                    ties++;
                else
                    wrongChoices++;
                return false;
            }
            worstStep = Math.Max(worstStep, Relative(choice.Step, stored.Steps[channel]));
            return true;
        }

        private void CompareCodes(int channel)
        {
            for (int i = channel * rowLength; i < (channel + 1) * rowLength; i++)
                wrongCodes += codes[i] == stored.Codes[i] ? 0 : 1;
            worstValue = Math.Max(worstValue, WorstOf(channel, stored.Values));
        }

        // Largest difference of a channel's reconstruction, relative to its largest weight.
        private double WorstOf(int channel, float[] expected) =>
            Worst(
                Row(expected, channel),
                Row(reconstructed, channel),
                Math.Abs((double)TensorPrimitives.MaxMagnitude(Row(values, channel)))
            );

        private ReadOnlySpan<float> Row(float[] matrix, int channel) => matrix.AsSpan(channel * rowLength, rowLength);
    }

    // Stored for every channel: whether it is defined, the chosen candidate, the codes, the scores of all candidates,
    // the reconstructed values, the step.
    private sealed record StoredChannels(
        long[] Defined,
        long[] Candidates,
        long[] Codes,
        float[] Scores,
        float[] Values,
        float[] Steps
    );
}
