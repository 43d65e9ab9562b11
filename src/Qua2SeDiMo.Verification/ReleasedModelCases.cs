using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Verification;

/// <summary>Released models, described by configuration, tensor names and shapes (golden/real-models). The graph is
/// built from the shapes alone and must use every tensor completely and no other ones.</summary>
internal static class ReleasedModelCases
{
    /// <summary>Checks one description.</summary>
    /// <param name="path">JSON file with <c>class</c>, <c>config</c>, <c>parameter_count</c>, <c>tensors</c>.</param>
    public static IReadOnlyList<VerificationResult> Verify(string path)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        return Comparison.Guard(name, () => Run(name, RandomModelSpec.Read(path)));
    }

    private static List<VerificationResult> Run(string name, RandomModelSpec spec)
    {
        using var shapes = new ShapesOnly(spec);
        Graph graph = ArchitectureCatalog.Build(
            new BuildRequest(ComponentConfig.Parse(spec.Config.ToJsonString(), name), shapes)
        );
        Dictionary<string, long> used = graph
            .Initializers.OfType<Initializer.FromTensor>()
            .GroupBy(initializer => initializer.TensorName, StringComparer.Ordinal)
            .ToDictionary(
                group => group.Key,
                group => group.Sum(initializer => initializer.ElementCount),
                StringComparer.Ordinal
            );
        string[] partly =
        [
            .. spec
                .Tensors.Where(tensor => used.GetValueOrDefault(tensor.Info.Name) != tensor.Info.ElementCount)
                .Select(tensor => tensor.Info.Name),
        ];
        long missing = Math.Abs(spec.ParameterCount - used.Values.Sum());
        return
        [
            new(
                name,
                "tensors",
                partly.Length,
                (double)partly.Length / spec.Tensors.Count,
                0,
                partly.Length == 0,
                partly.Length == 0 ? null : $"not used, or not whole: {string.Join(", ", partly.Take(3))}"
            ),
            new(name, "parameters", missing, (double)missing / spec.ParameterCount, 0, missing == 0, null),
        ];
    }

    private sealed class ShapesOnly(RandomModelSpec spec) : ITensorSource
    {
        public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } =
            spec.Tensors.ToDictionary(tensor => tensor.Info.Name, tensor => tensor.Info, StringComparer.Ordinal);

        public void ReadSingle(string name, long start, Span<float> destination) =>
            throw new NotSupportedException($"'{name}' has no values.");

        public void ReadBytes(string name, long start, Span<byte> destination) =>
            throw new NotSupportedException($"'{name}' has no values.");

        public void Dispose() { }

        public override string ToString() => spec.ClassName;
    }
}
