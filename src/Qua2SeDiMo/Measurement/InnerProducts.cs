using System.Numerics.Tensors;

namespace Qua2SeDiMo.Measurement;

/// <summary>Products of gradients with changes of a weight: every gradient with every change, a piece at a time, so
/// that each is read once.</summary>
internal static class InnerProducts
{
    // A piece of each change and of one gradient stay in the second-level cache.
    private const int Piece = 4096;

    /// <summary>Adds ⟨gradient of item i, change o⟩ to sums[i, o].</summary>
    /// <param name="gradients">[items, length].</param>
    /// <param name="changes">One array of that length for each option.</param>
    /// <param name="sums">[items, options].</param>
    internal static void Add(ReadOnlySpan<float> gradients, IReadOnlyList<float[]> changes, Span<double> sums)
    {
        if (changes.Count == 0)
            return;
        int length = changes[0].Length,
            items = gradients.Length / Math.Max(1, length);
        for (int start = 0; start < length; start += Piece)
        {
            int count = Math.Min(Piece, length - start);
            for (int item = 0; item < items; item++)
            {
                ReadOnlySpan<float> gradient = gradients.Slice((item * length) + start, count);
                for (int option = 0; option < changes.Count; option++)
                {
                    sums[(item * changes.Count) + option] += TensorPrimitives.Dot(
                        gradient,
                        changes[option].AsSpan(start, count)
                    );
                }
            }
        }
    }
}
