using System.Text.Json.Nodes;
using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Fuzz.Targets;

/// <summary>Graphs, built from a configuration and a checkpoint's names and shapes, or read from ONNX files.</summary>
internal static class GraphTargets
{
    private const string Small = "-small-activations";

    internal static IEnumerable<FuzzTarget> All(ScratchFolder scratch)
    {
        string[] cases =
        [
            .. Directory
                .EnumerateDirectories(Samples.Golden("architectures"))
                .Select(folder => Path.GetFileName(folder)!)
                .Where(name => !name.EndsWith(Small, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];
        foreach (IGrouping<string, string> family in cases.GroupBy(name => name.Split('-', '.')[0]))
        {
            yield return new FuzzTarget($"config-{family.Key}", () => [.. family.SelectMany(Seeds)], Build)
            {
                QuickInputs = 60,
                Weight = 0.5,
            };
        }
        yield return new FuzzTarget(
            "onnx",
            () => OnnxSeeds.All(),
            input =>
            {
                string path = Path.Combine(scratch.Fill(input), input.Files[0].Name);
                using OnnxModel model = OnnxReader.Read(path, height: input.Bytes.Length % 3 == 0 ? 8 : null, width: 8);
                foreach (TensorInfo tensor in model.Tensors.Tensors.Values.Take(4))
                    model.Tensors.ReadSingle(tensor.Name, 0, new float[Math.Min(64, tensor.ElementCount)]);
            }
        )
        {
            Weight = 3,
        };
    }

    private static IEnumerable<FuzzInput> Seeds(string name)
    {
        string folder = Samples.Golden($"architectures/{name}"),
            config = Path.Combine(folder, "config.json");
        if (!File.Exists(config))
            yield break;
        var shapes = new JsonObject();
        using (ShardedTensors tensors = ShardedTensors.Open(folder))
        {
            foreach (TensorInfo tensor in tensors.Tensors.Values)
                shapes[tensor.Name] = new JsonArray([.. tensor.Shape.Select(extent => (JsonNode)extent)]);
        }
        yield return new FuzzInput([
            new FuzzFile("config.json", File.ReadAllBytes(config)),
            Samples.OfText("shapes.json", shapes.ToJsonString()),
        ]);
    }

    private static void Build(FuzzInput input)
    {
        FuzzFile? shapes = input.Files.FirstOrDefault(file => file.Name == "shapes.json"),
            config = input.Files.FirstOrDefault(file => file.Name == "config.json");
        if (config is null)
            return;
        using var tensors = new Shapes(shapes);
        foreach (GraphPart part in Enum.GetValues<GraphPart>())
        {
            // Only the parts that the configuration's class has.
            ComponentConfig settings = ComponentConfig.Of(ForeignJson.Parse(config.Bytes, "config.json"));
            if (!ArchitectureCatalog.Find(settings).Parts.Contains(part))
                continue;
            int? size = config.Bytes.Length % 2 == 0 ? null : 8;
            _ = ArchitectureCatalog
                .Build(
                    new BuildRequest(settings, tensors)
                    {
                        Part = part,
                        Height = size,
                        Width = size,
                    }
                )
                .Weights.Count;
        }
    }

    // A checkpoint with only names and shapes.
    private sealed class Shapes : ITensorSource
    {
        private readonly Dictionary<string, TensorInfo> tensors = new(StringComparer.Ordinal);

        internal Shapes(FuzzFile? file)
        {
            if (file is null)
                return;
            foreach ((string name, ForeignValue shape) in ForeignJson.Parse(file.Bytes, "shapes.json").Members)
            {
                long[] extents = [.. shape.Items.Select(extent => extent.Long())];
                // Limits tensors to sizes that a small file can contain.
                if (TensorInfo.Checked(name, ElementType.Float32, extents) is { SizeBytes: <= 1_000_000 } tensor)
                    tensors.Add(name, tensor);
            }
        }

        public IReadOnlyDictionary<string, TensorInfo> Tensors => tensors;

        public void ReadSingle(string name, long start, Span<float> destination) => throw new NotSupportedException();

        public void ReadBytes(string name, long start, Span<byte> destination) => throw new NotSupportedException();

        public void Dispose() { }

        public override string ToString() => "shapes";
    }
}
