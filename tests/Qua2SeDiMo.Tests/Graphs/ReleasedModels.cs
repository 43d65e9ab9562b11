using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Tests.Graphs;

/// <summary>Graphs of released denoisers from their configurations and tensor shapes, without values.</summary>
internal static class ReleasedModels
{
    internal static RandomModelSpec Spec(string name) =>
        RandomModelSpec.Read(RepositoryFiles.Golden($"real-models/{name}.json"));

    /// <summary>Names and shapes of a model's tensors.</summary>
    internal static ITensorSource Tensors(string name) => new Shapes(Spec(name));

    internal static Graph Denoiser(string name)
    {
        RandomModelSpec spec = Spec(name);
        using var shapes = new Shapes(spec);
        return ArchitectureCatalog.Build(
            new BuildRequest(ComponentConfig.Parse(spec.Config.ToJsonString(), name), shapes)
        );
    }

    private sealed class Shapes(RandomModelSpec spec) : ITensorSource
    {
        public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } =
            spec.Tensors.ToDictionary(tensor => tensor.Info.Name, tensor => tensor.Info);

        public void ReadSingle(string name, long start, Span<float> destination) =>
            throw new NotSupportedException("Only shapes are known.");

        public void ReadBytes(string name, long start, Span<byte> destination) =>
            throw new NotSupportedException("Only shapes are known.");

        public void Dispose() { }
    }
}
