using System.Numerics.Tensors;

namespace Qua2SeDiMo.Measurement;

/// <summary>Inner products of every gradient with every change of a weight, computed piece by piece, so that each array
/// is read from memory once.</summary>
internal static class InnerProducts
{
    // Size at which a piece of each change and of one gradient stays in the second-level cache.
    private const int Piece = 4096;

    /// <summary>Adds ⟨gradient of item i, change o⟩ to sums[i, o].</summary>
    /// <param name="gradients">Gradients, [items, length].</param>
    /// <param name="changes">Changes: one array of that length per option.</param>
    /// <param name="sums">Products, [items, options]; added to.</param>
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
