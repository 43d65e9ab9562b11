using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Verification;

/// <summary>The arrays of one case in a reference file, with which computed ones are compared by name.</summary>
/// <param name="Case">Name of the case in the results.</param>
/// <param name="File">The reference file.</param>
/// <param name="Set">Prefix of the case's arrays in the file, without the dot; empty if the file has only one
/// case.</param>
internal sealed record StoredArrays(string Case, SafetensorsFile File, string Set = "")
{
    private string Prefix => Set.Length == 0 ? "" : $"{Set}.";

    /// <summary>All sets of a file that contain an array of this name.</summary>
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

    /// <summary>Compares an array with the stored one, with a tolerance relative to its largest entry.</summary>
    public VerificationResult Compare(string array, ReadOnlySpan<float> actual) =>
        PredictorCases.Compare(Case, array, Read(array), actual);
}
