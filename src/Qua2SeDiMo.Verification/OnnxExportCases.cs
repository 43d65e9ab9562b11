using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Verification;

/// <summary>
/// Denoisers exported by other programs (golden/onnx-exports): a folder with <c>case.json</c>, which names an
/// architecture case and its inputs, and a <c>model.onnx</c>. The model is read and run with its weights as bound
/// inputs, and its outputs are compared.
/// </summary>
internal static class OnnxExportCases
{
    // Relative to the largest value; exporters may change the order of computations.
    private const double Tolerance = 1e-4;
    private const string Cases = "architectures";

    /// <summary>Runs one export.</summary>
    public static IReadOnlyList<VerificationResult> Verify(string folder)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        return Comparison.Guard(name, () => Run(name, folder));
    }

    private static List<VerificationResult> Run(string name, string folder)
    {
        ComponentConfig description = ComponentConfig.Read(Path.Combine(folder, "case.json"));
        string source = FindCase(folder, description.Text("golden_case", ""));
        string file =
            Directory
                .EnumerateFiles(folder, "model.onnx", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal)
                .FirstOrDefault()
            ?? throw new ModelFolderException($"{folder}: no model.onnx at or below it.");
        using OnnxModel model = OnnxReader.Read(file);
        using SafetensorsFile inputs = SafetensorsFile.Open(Path.Combine(source, "inputs.safetensors")),
            outputs = SafetensorsFile.Open(Path.Combine(source, "outputs.safetensors"));
        Dictionary<string, string> tensors = description
            .Strings("inputs")
            .Zip(description.Strings("golden_inputs"))
            .ToDictionary(pair => pair.First, pair => pair.Second);
        using var binding = new WeightBinding(model.Graph.Weights, model.Tensors);
        using var session = new InferenceModel(model.Graph, model.Tensors, binding);
        IReadOnlyDictionary<string, TensorValue> results = session.Run(
            model.Graph.Inputs.ToDictionary(
                input => input.Name,
                input =>
                    Read(
                        inputs,
                        tensors.GetValueOrDefault(input.Name)
                            ?? throw new ModelFolderException(
                                $"{folder}: case.json gives no tensor for input '{input.Name}'."
                            ),
                        input
                    )
            )
        );
        var compared = new List<VerificationResult>();
        foreach (string output in outputs.Tensors.Keys.Order(StringComparer.Ordinal))
        {
            TensorValue? actual =
                results.GetValueOrDefault(output)
                ?? results.GetValueOrDefault($"out_{output}")
                ?? (results.Count == 1 ? results.Values.First() : null);
            float[] expected = outputs.ReadSingle(output);
            compared.Add(
                actual is null
                    ? Comparison.Failed(
                        name,
                        output,
                        $"the export has no such output; it has {string.Join(", ", results.Keys)}"
                    )
                    : Comparison.Of(name, output, expected, actual.Singles, Tolerance * expected.Max(Math.Abs))
            );
        }
        return compared;
    }

    // Looks for the case in a folder 'architectures' in the export's folder or any folder above it.
    private static string FindCase(string folder, string name)
    {
        for (DirectoryInfo? place = new(folder); place is not null; place = place.Parent)
        {
            string found = Path.Combine(place.FullName, Cases, name);
            if (name.Length > 0 && Directory.Exists(found))
                return found;
        }
        throw new ModelFolderException(
            $"{folder}: its architecture case '{name}' was not found in a folder '{Cases}' beside it or further up."
        );
    }

    // Exports have fixed extents; a single number is repeated for all samples.
    private static TensorValue Read(SafetensorsFile inputs, string tensor, GraphValue input)
    {
        if (!inputs.Tensors.TryGetValue(tensor, out TensorInfo? info))
            throw MissingTensorException.For(inputs, tensor);
        long[] shape = input.Shape.All(extent => extent.IsFixed)
            ? [.. input.Shape.Select(extent => extent.Size)]
            : [.. info.Shape];
        int copies = (int)(shape.Aggregate(1L, (all, extent) => all * extent) / info.ElementCount);
        return input.Type == ElementType.Int64
            ? TensorValue.Of(
                [.. Enumerable.Repeat(inputs.ReadInt64(tensor), copies).SelectMany(values => values)],
                shape
            )
            : TensorValue.Of(
                [.. Enumerable.Repeat(inputs.ReadSingle(tensor), copies).SelectMany(values => values)],
                shape
            );
    }
}
