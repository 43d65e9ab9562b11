using Qua2SeDiMo.Inference;

namespace Qua2SeDiMo.Diffusion;

/// <summary>Builds small tensors whose rows are texts.</summary>
internal static class TensorRows
{
    /// <summary>The same numbers for every text: [texts, numbers].</summary>
    internal static TensorValue Repeat(int texts, params float[] row) =>
        TensorValue.Of([.. Enumerable.Repeat(row, texts).SelectMany(values => values)], texts, row.Length);

    /// <summary>One number for every text: [texts].</summary>
    internal static TensorValue Fill(int texts, float value) =>
        TensorValue.Of([.. Enumerable.Repeat(value, texts)], texts);

    /// <summary>One integer for every text: [texts].</summary>
    internal static TensorValue Fill(int texts, long value) =>
        TensorValue.Of([.. Enumerable.Repeat(value, texts)], texts);

    /// <summary>Concatenates tensors [texts, tokens, widthᵢ] or [texts, widthᵢ] along the last axis.</summary>
    internal static TensorValue JoinWidths(params IReadOnlyList<TensorValue> parts)
    {
        int[] widths = [.. parts.Select(part => (int)part.Shape[^1])];
        int total = widths.Sum();
        int rows = parts[0].Singles.Length / widths[0];
        float[] joined = new float[rows * total];
        for (int row = 0; row < rows; row++)
        {
            int start = row * total;
            for (int i = 0; i < parts.Count; i++)
            {
                parts[i].Singles.AsSpan(row * widths[i], widths[i]).CopyTo(joined.AsSpan(start));
                start += widths[i];
            }
        }
        return TensorValue.Of(joined, [.. parts[0].Shape.SkipLast(1), total]);
    }

    /// <summary>Pads [texts, tokens, width] with zeros to a larger width.</summary>
    internal static TensorValue PadWidth(TensorValue value, int width)
    {
        int missing = width - (int)value.Shape[^1];
        if (missing <= 0)
            return value;
        TensorValue zeros = TensorValue.Of(
            new float[value.Singles.Length / (int)value.Shape[^1] * missing],
            [.. value.Shape.SkipLast(1), missing]
        );
        return JoinWidths(value, zeros);
    }

    /// <summary>Concatenates tensors [texts, tokensᵢ, width] along the tokens.</summary>
    internal static TensorValue JoinTokens(TensorValue first, TensorValue second)
    {
        // Reshaped to [texts, tokens · width], this is a concatenation of widths.
        TensorValue joined = JoinWidths(Flat(first), Flat(second));
        return TensorValue.Of(joined.Singles, first.Shape[0], first.Shape[1] + second.Shape[1], first.Shape[2]);

        static TensorValue Flat(TensorValue value) =>
            TensorValue.Of(value.Singles, value.Shape[0], value.Shape[1] * value.Shape[2]);
    }

    /// <summary>A tensor of zeros with the same shape.</summary>
    internal static TensorValue Zeros(TensorValue like) => TensorValue.Of(new float[like.Singles.Length], like.Shape);
}
