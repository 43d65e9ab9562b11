using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Verification;

/// <summary>The arrays of one case in a reference file; computed ones are held against those of the same
/// name.</summary>
/// <param name="Case">Name of the case in the results.</param>
/// <param name="File">The reference file.</param>
/// <param name="Set">What the names of the case's arrays begin with in the file, up to a dot; empty where the file holds
/// one case.</param>
internal sealed record StoredArrays(string Case, SafetensorsFile File, string Set = "")
{
    private string Prefix => Set.Length == 0 ? "" : $"{Set}.";

    /// <summary>Every set of a file that has an array of this name.</summary>
    public static IEnumerable<StoredArrays> Sets(string name, SafetensorsFile file, string array) =>
        file
            .Tensors.Keys.Where(key => key.EndsWith($".{array}", StringComparison.Ordinal))
            .Select(key => key[..^(array.Length + 1)])
            .Order(StringComparer.Ordinal)
            .Select(set => new StoredArrays($"{name}.{set}", file, set));

    /// <summary>Type and shape of an array.</summary>
    public TensorInfo Info(string array) => File.Tensors[Prefix + array];

    public bool Holds(string array) => File.Tensors.ContainsKey(Prefix + array);

    public float[] Read(string array) => File.ReadSingle(Prefix + array);

    public long[] ReadIntegers(string array) => File.ReadInt64(Prefix + array);

    public double[] ReadDoubles(string array) => [.. Read(array).Select(value => (double)value)];

    /// <summary>Holds an array against the stored one, relative to its largest entry.</summary>
    public VerificationResult Compare(string array, ReadOnlySpan<float> actual) =>
        PredictorCases.Compare(Case, array, Read(array), actual);
}
