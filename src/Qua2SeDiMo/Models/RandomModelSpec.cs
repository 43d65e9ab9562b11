using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Models;

/// <summary>What a released model consists of, without its values: class, configuration, and every tensor's name, shape and kind of module.</summary>
/// <param name="ClassName">Class, for instance <c>HunyuanDiT2DModel</c>.</param>
/// <param name="Config">Its <c>config.json</c>.</param>
/// <param name="ParameterCount">Number of parameters, as released.</param>
/// <param name="Tensors">Tensors in the order of the checkpoint.</param>
public sealed record RandomModelSpec(string ClassName, JsonObject Config, long ParameterCount, IReadOnlyList<RandomModelTensor> Tensors)
{
    /// <summary>Reads a description: an object with <c>class</c>, <c>config</c>, <c>parameter_count</c> and <c>tensors</c> (each <c>name</c>, <c>shape</c>, <c>kind</c>).</summary>
    /// <exception cref="ModelFolderException">The file is missing or not such an object, or its tensors do not add up to the count that it states.</exception>
    public static RandomModelSpec Read(string path)
    {
        JsonObject root = ComponentConfig.Read(path).Root;
        RandomModelSpec spec;
        try
        {
            RandomModelTensor[] tensors =
            [
                .. root["tensors"]!.AsArray().Select(item => new RandomModelTensor(
                    new TensorInfo(item!["name"]!.GetValue<string>(), ElementType.Float16, [.. item["shape"]!.AsArray().Select(extent => extent!.GetValue<long>())]),
                    item["kind"]!.GetValue<string>())),
            ];
            spec = new RandomModelSpec(root["class"]!.GetValue<string>(), root["config"]!.AsObject(), root["parameter_count"]!.GetValue<long>(), tensors);
        }
        catch (Exception error) when (error is NullReferenceException or InvalidOperationException or FormatException or JsonException)
        {
            throw new ModelFolderException($"{path}: not a description of a model; expected class, config, parameter_count and tensors with name, shape and kind.", error);
        }
        long total = spec.Tensors.Sum(tensor => tensor.Info.ElementCount);
        return total == spec.ParameterCount ? spec
            : throw new ModelFolderException($"{path}: the tensors hold {total} parameters, parameter_count says {spec.ParameterCount}.");
    }
}

/// <summary>One tensor of a described model.</summary>
/// <param name="Info">Name, type and shape.</param>
/// <param name="Kind">Class of the module that owns it, for instance <c>Linear</c> or <c>GroupNorm</c>.</param>
public sealed record RandomModelTensor(TensorInfo Info, string Kind);
