using System.Text.Json;
using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Verification;

/// <summary>
/// Vector-Jacobian products of small graphs (golden/gradients/ops): a JSON file of cases, each a list of ONNX nodes,
/// and a safetensors file with inputs, constants, cotangents, outputs and gradients. The backward graph is built and
/// run, and its results are compared.
/// </summary>
internal static class OperatorGradientCases
{
    private const double OutputTolerance = 1e-5;

    /// <summary>Runs all cases of a file.</summary>
    /// <param name="path">The JSON file.</param>
    /// <param name="cancellationToken">Checked before each case.</param>
    public static IReadOnlyList<VerificationResult> Verify(string path, CancellationToken cancellationToken = default)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        using SafetensorsFile tensors = SafetensorsFile.Open(Path.ChangeExtension(path, ".safetensors"));
        var results = new List<VerificationResult>();
        foreach (JsonElement item in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            cancellationToken.ThrowIfCancellationRequested();
            string name = item.GetProperty("name").GetString()!;
            results.AddRange(Comparison.Guard(name, () => Run(item, name, tensors)));
        }
        return results;
    }

    private static List<VerificationResult> Run(JsonElement item, string name, SafetensorsFile tensors)
    {
        Graph graph = Build(item, name, tensors);
        string[] outputs = [.. graph.Outputs.Select(output => output.Name)];
        string[] wanted = [.. graph.Inputs.Select(input => input.Name)];
        var given = wanted.ToDictionary(
            input => input,
            input => Tensor(tensors, $"{name}/{input}"),
            StringComparer.Ordinal
        );
        ShapedGraph shaped = ShapedGraph.Of(graph, tensors, given);
        var results = new List<VerificationResult>();
        using var forward = new InferenceModel(graph, tensors);
        IReadOnlyDictionary<string, TensorValue> values = forward.Run(given);
        foreach (string output in outputs)
        {
            float[] expected = tensors.ReadSingle($"{name}/out.{output}");
            double size = Math.Sqrt(expected.Sum(value => (double)value * value));
            results.Add(
                Comparison.OfNorm(name, $"{name}/{output}", expected, values[output].Singles, OutputTolerance * size)
            );
        }
        using var backward = new InferenceModel(BackwardPass.Build(shaped, tensors, outputs, wanted), tensors);
        foreach (string output in outputs)
            given[BackwardPass.CotangentOf(output)] = Tensor(tensors, $"{name}/cotangent.{output}");
        IReadOnlyDictionary<string, TensorValue> gradients = backward.Run(given);
        foreach (JsonElement input in item.GetProperty("inputs").EnumerateArray())
        {
            string inputName = input.GetProperty("name").GetString()!;
            results.Add(
                Comparison.OfNorm(
                    name,
                    $"{name}/grad.{inputName}",
                    tensors.ReadSingle($"{name}/grad.{inputName}"),
                    gradients[BackwardPass.GradientIn(inputName)].Singles,
                    input.GetProperty("tolerance").GetDouble()
                )
            );
        }
        return results;
    }

    private static TensorValue Tensor(SafetensorsFile tensors, string name) =>
        TensorValue.Of(tensors.ReadSingle(name), tensors.Tensors[name].Shape);

    private static Graph Build(JsonElement item, string name, SafetensorsFile tensors)
    {
        var inputs = new List<GraphValue>();
        foreach (JsonElement input in item.GetProperty("inputs").EnumerateArray())
        {
            string inputName = input.GetProperty("name").GetString()!;
            inputs.Add(
                new GraphValue(inputName, ElementType.Float32, Extents(tensors.Tensors[$"{name}/{inputName}"].Shape))
            );
        }
        Initializer.Inline[] constants =
        [
            .. item.GetProperty("constants")
                .EnumerateObject()
                .Select(constant =>
                    Constant(
                        constant.Name,
                        constant.Value.GetProperty("dtype").GetString()!,
                        $"{name}/{constant.Name}",
                        tensors
                    )
                ),
        ];
        GraphNode[] nodes =
        [
            .. item.GetProperty("nodes")
                .EnumerateArray()
                .Select(
                    (node, i) =>
                        new GraphNode(
                            $"node{i}",
                            node.GetProperty("op_type").GetString()!,
                            "",
                            Strings(node.GetProperty("inputs")),
                            Strings(node.GetProperty("outputs")),
                            [.. node.GetProperty("attributes").EnumerateObject().Select(Attribute)],
                            ""
                        )
                ),
        ];
        GraphValue[] outputs =
        [
            .. Strings(item.GetProperty("outputs"))
                .Select(output => new GraphValue(
                    output,
                    ElementType.Float32,
                    Extents(tensors.Tensors[$"{name}/out.{output}"].Shape)
                )),
        ];
        var values = inputs
            .Concat(constants.Select(constant => constant.Value))
            .Concat(outputs)
            .ToDictionary(value => value.Name, StringComparer.Ordinal);
        return new Graph(name, inputs, outputs, nodes, constants, [], values);
    }

    private static Initializer.Inline Constant(string name, string type, string tensor, SafetensorsFile tensors)
    {
        TensorInfo info = tensors.Tensors[tensor];
        byte[] bytes = new byte[info.SizeBytes];
        tensors.ReadBytes(tensor, 0, bytes);
        return new Initializer.Inline(
            name,
            type.StartsWith("bool", StringComparison.Ordinal) ? ElementType.Bool : info.Type,
            info.Shape,
            bytes
        );
    }

    private static GraphAttribute Attribute(JsonProperty attribute) =>
        attribute.Value.ValueKind switch
        {
            JsonValueKind.String => new GraphAttribute.Text(attribute.Name, attribute.Value.GetString()!),
            JsonValueKind.Array => new GraphAttribute.Wholes(attribute.Name, JsonArrays.Longs(attribute.Value)),
            _ => attribute.Value.TryGetInt64(out long whole)
            && !attribute.Value.GetRawText().Contains('.', StringComparison.Ordinal)
                ? new GraphAttribute.Whole(attribute.Name, whole)
                : new GraphAttribute.Real(attribute.Name, attribute.Value.GetSingle()),
        };

    private static Dimension[] Extents(IReadOnlyList<long> shape) => [.. shape.Select(extent => new Dimension(extent))];

    private static string[] Strings(JsonElement list) => [.. list.EnumerateArray().Select(text => text.GetString()!)];
}
