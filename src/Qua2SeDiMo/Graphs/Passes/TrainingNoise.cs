using System.Runtime.InteropServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Passes;

/// <summary>
/// Removes the dropout of an export in training mode. Before: uniform random numbers are compared with a dropout rate.
/// After: each random number is replaced by its upper bound, which is never below the rate, so nothing is dropped and
/// equal inputs give equal outputs.
/// </summary>
internal static class TrainingNoise
{
    private static readonly string[] Others =
    [
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "Bernoulli",
        "Multinomial",
    ];

    internal static IReadOnlyList<GraphNode> Remove(IReadOnlyList<GraphNode> nodes)
    {
        var result = new List<GraphNode>(nodes.Count);
        foreach (GraphNode node in nodes)
        {
            if (Others.Contains(node.OpType))
                throw new OnnxFormatException(
                    $"Node '{node.Name}' draws random numbers ({node.OpType}); a denoiser must give equal outputs "
                        + "for equal inputs. Export it in evaluation mode."
                );
            if (node.OpType != "RandomUniformLike")
            {
                result.Add(node);
                continue;
            }
            GraphNode? other = nodes.FirstOrDefault(reader =>
                reader.Inputs.Contains(node.Outputs[0])
                && !(reader.OpType is "Less" or "LessOrEqual" && reader.Inputs[0] == node.Outputs[0])
            );
            if (other is not null)
                throw new OnnxFormatException(
                    $"Node '{other.Name}' ({other.OpType}) uses random numbers otherwise than to drop something; "
                        + "export the model in evaluation mode."
                );
            float high =
                node.Attributes.OfType<GraphAttribute.Real>()
                    .FirstOrDefault(attribute => attribute.Name == "high")
                    ?.Value
                ?? 1;
            string shape = $"{node.Outputs[0]}.shape";
            var bound = new Initializer.Inline(
                "value",
                ElementType.Float32,
                [1],
                MemoryMarshal.AsBytes<float>([high]).ToArray()
            );
            result.Add(node with { Name = $"{node.Name}.shape", OpType = "Shape", Outputs = [shape], Attributes = [] });
            result.Add(
                node with
                {
                    OpType = "ConstantOfShape",
                    Inputs = [shape],
                    Attributes = [new GraphAttribute.Tensor("value", bound)],
                }
            );
        }
        return result;
    }
}
