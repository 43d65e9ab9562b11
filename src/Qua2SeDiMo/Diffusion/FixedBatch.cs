using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;

namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// Runs a denoiser with a fixed batch size (an export without a dynamic batch axis) on any number of rows, in several
/// calls. The last call is filled up with copies of the last row; their results are dropped.
/// </summary>
internal static class FixedBatch
{
    /// <summary>Batch size of the denoiser; null when any number of rows is possible.</summary>
    /// <param name="denoiser">The denoiser.</param>
    /// <param name="latentsInput">Name of its input for the latents, [rows, …].</param>
    internal static int? Of(Graph denoiser, string latentsInput) =>
        denoiser.Inputs.FirstOrDefault(input => input.Name == latentsInput) is { Rank: > 0 } input
        && input.Shape[0].IsFixed
            ? checked((int)input.Shape[0].Size)
            : null;

    /// <summary>Runs all rows.</summary>
    /// <param name="denoiser">The denoiser.</param>
    /// <param name="perRow">Inputs whose axis 0 counts the rows.</param>
    /// <param name="shared">Inputs that all rows share.</param>
    /// <param name="batch">Rows per call; null for all in one call.</param>
    /// <param name="place">Component and step, for error messages.</param>
    /// <returns>The output, [rows, …].</returns>
    internal static TensorValue Run(
        InferenceModel denoiser,
        IReadOnlyDictionary<string, TensorValue> perRow,
        IReadOnlyDictionary<string, TensorValue> shared,
        int? batch,
        string place
    )
    {
        var rows = new Conditioning(perRow);
        if (batch is not { } size || size == rows.Count)
            return denoiser.RunFinite(Merge(perRow, shared), place).Values.Single();
        float[] all = [];
        IReadOnlyList<long> rowShape = [];
        for (int start = 0; start < rows.Count; start += size)
        {
            int[] taken = [.. Enumerable.Range(start, size).Select(row => Math.Min(row, rows.Count - 1))];
            TensorValue part = denoiser.RunFinite(Merge(rows.Rows(taken), shared), place).Values.Single();
            int rowLength = part.Singles.Length / size;
            if (all.Length == 0)
                (all, rowShape) = (new float[rows.Count * rowLength], [.. part.Shape.Skip(1)]);
            part.Singles.AsSpan(0, Math.Min(size, rows.Count - start) * rowLength)
                .CopyTo(all.AsSpan(start * rowLength));
        }
        return TensorValue.Of(all, [rows.Count, .. rowShape]);
    }

    private static Dictionary<string, TensorValue> Merge(
        IReadOnlyDictionary<string, TensorValue> perRow,
        IReadOnlyDictionary<string, TensorValue> shared
    ) => perRow.Concat(shared).ToDictionary(StringComparer.Ordinal);
}
