using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// Inputs of the denoiser besides latents and timestep, one row per text: embeddings, masks, pooled embeddings, sizes.
/// </summary>
/// <param name="Inputs">Tensors by name of the denoiser's input; axis 0 of each counts the texts.</param>
internal sealed record Conditioning(IReadOnlyDictionary<string, TensorValue> Inputs)
{
    /// <summary>Number of texts.</summary>
    public int Count => (int)(Inputs.Values.FirstOrDefault()?.Shape[0] ?? 0);

    /// <summary>The rows with the given indices, in that order; an index may be repeated.</summary>
    public IReadOnlyDictionary<string, TensorValue> Rows(IReadOnlyList<int> texts) =>
        Inputs.ToDictionary(pair => pair.Key, pair => Gather(pair.Value, texts), StringComparer.Ordinal);

    /// <summary>Concatenates the rows: first these, then those of <paramref name="other"/>.</summary>
    public Conditioning Append(Conditioning other) => Join([this, other]);

    /// <summary>Concatenates the rows of all parts, which must have the same inputs.</summary>
    internal static Conditioning Join(IReadOnlyList<Conditioning> parts) =>
        parts.Count == 1
            ? parts[0]
            : new Conditioning(
                parts[0]
                    .Inputs.Keys.ToDictionary(
                        name => name,
                        name => Join([.. parts.Select(part => part.Inputs[name])]),
                        StringComparer.Ordinal
                    )
            );

    private static TensorValue Gather(TensorValue value, IReadOnlyList<int> rows)
    {
        IReadOnlyList<long> shape = [rows.Count, .. value.Shape.Skip(1)];
        int length = (int)value.Shape.Skip(1).Aggregate(1L, (product, extent) => product * extent);
        return value.Type == ElementType.Int64
            ? TensorValue.Of(Gather(value.Integers, length, rows), shape)
            : TensorValue.Of(Gather(value.Singles, length, rows), shape);
    }

    private static T[] Gather<T>(T[] source, int rowLength, IReadOnlyList<int> rows)
    {
        var result = new T[rows.Count * rowLength];
        for (int i = 0; i < rows.Count; i++)
            source.AsSpan(rows[i] * rowLength, rowLength).CopyTo(result.AsSpan(i * rowLength));
        return result;
    }

    private static TensorValue Join(TensorValue[] parts)
    {
        IReadOnlyList<long> shape = [parts.Sum(part => part.Shape[0]), .. parts[0].Shape.Skip(1)];
        return parts[0].Type == ElementType.Int64
            ? TensorValue.Of(parts.Select(part => part.Integers).SelectMany(values => values).ToArray(), shape)
            : TensorValue.Of(Concatenate(parts), shape);
    }

    private static float[] Concatenate(TensorValue[] parts)
    {
        float[] joined = new float[parts.Sum(part => part.Singles.Length)];
        int start = 0;
        foreach (TensorValue part in parts)
        {
            part.Singles.CopyTo(joined, start);
            start += part.Singles.Length;
        }
        return joined;
    }
}
