using System.Text.Json.Nodes;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Models;

/// <summary>Structure of a released model without its values: class, configuration, and name, shape and kind of module
/// of every tensor.</summary>
/// <param name="ClassName">Class, for instance <c>HunyuanDiT2DModel</c>.</param>
/// <param name="Config">Its <c>config.json</c>.</param>
/// <param name="ParameterCount">Number of parameters, as released.</param>
/// <param name="Tensors">Tensors in the order of the checkpoint.</param>
internal sealed record RandomModelSpec(
    string ClassName,
    JsonObject Config,
    long ParameterCount,
    IReadOnlyList<RandomModelTensor> Tensors
)
{
    /// <summary>Reads a JSON description with <c>class</c>, <c>config</c>, <c>parameter_count</c> and <c>tensors</c>
    /// (each <c>name</c>, <c>shape</c>, <c>kind</c>).</summary>
    /// <exception cref="Q2Exception">The file is missing or not such an object, or the elements of its tensors do not
    /// add up to <c>parameter_count</c>.</exception>
    public static RandomModelSpec Read(string path) => Of(ForeignJson.Read(path));

    /// <summary>Parses a description.</summary>
    /// <exception cref="Q2Exception">The document is not such an object, or the elements of its tensors do not add up
    /// to <c>parameter_count</c>.</exception>
    internal static RandomModelSpec Of(ForeignValue root)
    {
        RandomModelTensor[] tensors =
        [
            .. root["tensors"]
                .Items.Select(item => new RandomModelTensor(
                    TensorInfo.Checked(
                        item["name"].Text(),
                        ElementType.Float16,
                        [.. item["shape"].Items.Select(extent => extent.Long())]
                    ) ?? throw item["shape"].Fault("extents of a tensor"),
                    item["kind"].Text()
                )),
        ];
        var spec = new RandomModelSpec(
            root["class"].Text(),
            root["config"].AsObject(),
            root["parameter_count"].Long(),
            tensors
        );
        long total = spec.Tensors.Sum(tensor => tensor.Info.ElementCount);
        return total == spec.ParameterCount
            ? spec
            : throw new ModelFolderException(
                $"{root.Source}: the tensors hold {total} parameters, parameter_count says {spec.ParameterCount}."
            );
    }
}

/// <summary>One tensor of a described model.</summary>
/// <param name="Info">Name, type and shape.</param>
/// <param name="Kind">Class of the module that owns it, for instance <c>Linear</c> or <c>GroupNorm</c>.</param>
internal sealed record RandomModelTensor(TensorInfo Info, string Kind);
