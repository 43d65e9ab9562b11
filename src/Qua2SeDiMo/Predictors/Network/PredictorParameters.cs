using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Network;

/// <summary>Where one named array lies in the flat store.</summary>
/// <param name="Name">For instance <c>hop2.source.weight</c>.</param>
/// <param name="Shape">Row-major extents.</param>
/// <param name="Offset">First float.</param>
/// <param name="Trained">False for running statistics, which no gradient reaches.</param>
internal sealed record ParameterSlice(string Name, IReadOnlyList<int> Shape, int Offset, bool Trained)
{
    /// <summary>Number of floats.</summary>
    public int Length { get; } = Shape.Aggregate(1, (product, extent) => checked(product * extent));
}

/// <summary>All arrays of a predictor in one flat store, so that the optimizer is one loop: trained ones and running
/// statistics.</summary>
internal sealed class PredictorParameters
{
    private readonly Dictionary<string, ParameterSlice> slices = new(StringComparer.Ordinal);
    private float[] values = [];
    private float[] statistics = [];
    private int trainedLength;
    private int statisticsLength;

    /// <summary>Every array, in the order in which the layers were made.</summary>
    public IReadOnlyList<ParameterSlice> Slices => ordered;

    private readonly List<ParameterSlice> ordered = [];

    /// <summary>Trained values, flat.</summary>
    internal Span<float> Values => values.AsSpan(0, trainedLength);

    /// <summary>Gradients, aligned with <see cref="Values"/>.</summary>
    internal float[] Gradients { get; private set; } = [];

    /// <summary>Number of trained values.</summary>
    public int TrainedCount => trainedLength;

    /// <summary>Reserves an array; its values start at zero.</summary>
    internal ParameterSlice Add(string name, bool trained, params int[] shape)
    {
        var slice = new ParameterSlice(name, shape, trained ? trainedLength : statisticsLength, trained);
        slices.Add(name, slice);
        ordered.Add(slice);
        if (trained)
        {
            trainedLength += slice.Length;
            Array.Resize(ref values, trainedLength);
            Gradients = new float[trainedLength];
        }
        else
        {
            statisticsLength += slice.Length;
            Array.Resize(ref statistics, statisticsLength);
        }
        return slice;
    }

    /// <summary>The values of an array.</summary>
    internal Span<float> Of(ParameterSlice slice) =>
        (slice.Trained ? values : statistics).AsSpan(slice.Offset, slice.Length);

    /// <summary>The gradient of an array.</summary>
    internal Span<float> GradientOf(ParameterSlice slice) => Gradients.AsSpan(slice.Offset, slice.Length);

    /// <summary>Finds an array by name.</summary>
    /// <exception cref="KeyNotFoundException">There is none of that name.</exception>
    public ParameterSlice Slice(string name) =>
        slices.TryGetValue(name, out ParameterSlice? slice)
            ? slice
            : throw new KeyNotFoundException($"A predictor has no array '{name}'.");

    /// <summary>Copies every array out, row-major, by name: what a predictor file holds.</summary>
    public IReadOnlyDictionary<string, float[]> ToArrays() =>
        ordered.ToDictionary(slice => slice.Name, slice => Of(slice).ToArray(), StringComparer.Ordinal);

    /// <summary>Sets every array by name.</summary>
    /// <param name="find">Gives the values of an array of that name, row-major.</param>
    /// <exception cref="PredictorFormatException">An array has another length than this predictor's.</exception>
    public void Load(Func<string, float[]> find)
    {
        ArgumentNullException.ThrowIfNull(find);
        foreach (ParameterSlice slice in ordered)
        {
            float[] found = find(slice.Name);
            if (found.Length != slice.Length)
            {
                throw new PredictorFormatException(
                    $"Array '{slice.Name}' of the predictor holds {found.Length} values; "
                        + $"shape [{string.Join(", ", slice.Shape)}] needs {slice.Length}. The file belongs to "
                        + "another model or option table."
                );
            }
            found.CopyTo(Of(slice));
        }
    }

    /// <summary>A copy of all values and statistics, for going back to the best epoch.</summary>
    internal NetworkWeights Snapshot() =>
        new(values.AsSpan(0, trainedLength).ToArray(), statistics.AsSpan(0, statisticsLength).ToArray());

    /// <summary>Restores <see cref="Snapshot"/>.</summary>
    internal void Restore(NetworkWeights snapshot)
    {
        snapshot.First.CopyTo(values, 0);
        snapshot.Second.CopyTo(statistics, 0);
    }
}
