using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Network;

/// <summary>Position of one named array in the flat store.</summary>
/// <param name="Name">For instance <c>hop2.source.weight</c>.</param>
/// <param name="Shape">Extents, row-major.</param>
/// <param name="Offset">Index of its first float.</param>
/// <param name="Trained">False for running statistics, which have no gradient.</param>
internal sealed record ParameterSlice(string Name, IReadOnlyList<int> Shape, int Offset, bool Trained)
{
    /// <summary>Number of floats.</summary>
    public int Length { get; } = Shape.Aggregate(1, (product, extent) => checked(product * extent));
}

/// <summary>All arrays of a predictor: trained ones in one flat store, so that the optimizer is one loop, and running
/// statistics in another.</summary>
internal sealed class PredictorParameters
{
    private readonly Dictionary<string, ParameterSlice> slices = new(StringComparer.Ordinal);
    private float[] values = [];
    private float[] statistics = [];
    private int trainedLength;
    private int statisticsLength;

    /// <summary>Every array, in the order of creation.</summary>
    public IReadOnlyList<ParameterSlice> Slices => ordered;

    private readonly List<ParameterSlice> ordered = [];

    /// <summary>All trained values.</summary>
    internal Span<float> Values => values.AsSpan(0, trainedLength);

    /// <summary>Gradients, aligned with <see cref="Values"/>.</summary>
    internal float[] Gradients { get; private set; } = [];

    /// <summary>Number of trained values.</summary>
    public int TrainedCount => trainedLength;

    /// <summary>Adds an array of zeros.</summary>
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
    /// <exception cref="KeyNotFoundException">There is no array of that name.</exception>
    public ParameterSlice Slice(string name) =>
        slices.TryGetValue(name, out ParameterSlice? slice)
            ? slice
            : throw new KeyNotFoundException($"A predictor has no array '{name}'.");

    /// <summary>Copies of all arrays, row-major, by name, as a predictor file stores them.</summary>
    public IReadOnlyDictionary<string, float[]> ToArrays() =>
        ordered.ToDictionary(slice => slice.Name, slice => Of(slice).ToArray(), StringComparer.Ordinal);

    /// <summary>Sets every array by name.</summary>
    /// <param name="find">Returns the values of the array of a name, row-major.</param>
    /// <exception cref="PredictorFormatException">An array has the wrong length.</exception>
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

    /// <summary>A copy of all values and statistics, to return to the best epoch later.</summary>
    internal NetworkWeights Snapshot() =>
        new(values.AsSpan(0, trainedLength).ToArray(), statistics.AsSpan(0, statisticsLength).ToArray());

    /// <summary>Restores the values of a <see cref="Snapshot"/>.</summary>
    internal void Restore(NetworkWeights snapshot)
    {
        snapshot.First.CopyTo(values, 0);
        snapshot.Second.CopyTo(statistics, 0);
    }
}
