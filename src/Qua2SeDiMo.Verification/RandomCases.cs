using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Diffusion.RandomSources;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Verification;

/// <summary>Reference streams of PyTorch's CPU generator: a folder with <c>NAME.json</c> (cases) and
/// <c>NAME.safetensors</c> (values).</summary>
internal static class RandomCases
{
    // PyTorch's vectorised logarithm, sine and cosine are off by a few units in the last place of single precision, for
    // normal numbers below 6. A narrower type may then round to a neighbour, which is one unit in its last place for
    // values up to 8.
    private const double SingleTolerance = 1e-6;
    private const double HalfTolerance = 4.0 / 1024;
    private const double BFloat16Tolerance = 4.0 / 128;
    private const double DoubleTolerance = 1e-13;

    /// <summary>Checks every stream of a folder.</summary>
    /// <param name="path">Folder with the JSON and safetensors files, or one of the JSON files.</param>
    public static IReadOnlyList<VerificationResult> Verify(string path)
    {
        string[] files = File.Exists(path)
            ? [path]
            : [.. Directory.EnumerateFiles(path, "*.json").Order(StringComparer.Ordinal)];
        return
        [
            .. files.SelectMany(file =>
                Comparison.Guard(Path.GetFileNameWithoutExtension(file), () => VerifyFile(file))
            ),
        ];
    }

    private static List<VerificationResult> VerifyFile(string file)
    {
        var results = new List<VerificationResult>();
        ComponentConfig description = ComponentConfig.Read(file);
        using SafetensorsFile tensors = SafetensorsFile.Open(Path.ChangeExtension(file, ".safetensors"));
        foreach (JsonNode? node in description.Root["cases"]?.AsArray() ?? [])
        {
            string name = (string)node!["name"]!;
            var generator = new TorchGenerator(TorchSeed.Parse(node["seed"]!.ToString()));
            foreach (string call in new[] { "first", "second" })
                results.Add(VerifyNormals(name, call, generator, (string)node["dtype"]!, tensors));
        }
        foreach (string name in tensors.Tensors.Keys.Order(StringComparer.Ordinal))
        {
            string[] parts = name.Split('.');
            if (parts.Length < 2 || !TorchSeed.TryParse(parts[1], out ulong seed))
                continue;
            if (parts[0] == "raw32")
                results.Add(VerifyWords(name, new TorchGenerator(seed), tensors));
            if (parts[0] == "rand")
                results.Add(VerifyUniforms(name, new TorchGenerator(seed), tensors));
        }
        return results;
    }

    private static VerificationResult VerifyNormals(
        string name,
        string call,
        TorchGenerator generator,
        string type,
        SafetensorsFile tensors
    )
    {
        string key = $"{name}.{call}";
        if (type == "float64")
        {
            double[] expected = ReadDouble(tensors, key);
            double[] actual = new double[expected.Length];
            generator.Normal(actual);
            return Comparison.Of(name, call, expected, actual, DoubleTolerance);
        }
        (ElementType element, double tolerance) = type switch
        {
            "float32" => (ElementType.Float32, SingleTolerance),
            "float16" => (ElementType.Float16, HalfTolerance),
            "bfloat16" => (ElementType.BFloat16, BFloat16Tolerance),
            _ => throw new ModelFolderException($"{tensors}: '{name}' has the unknown dtype '{type}'."),
        };
        float[] values = tensors.ReadSingle(key);
        float[] drawn = new float[values.Length];
        generator.Normal(drawn, element);
        return Comparison.Of(name, call, values, drawn, tolerance);
    }

    private static VerificationResult VerifyWords(string name, TorchGenerator generator, SafetensorsFile tensors)
    {
        double[] expected = [.. tensors.ReadInt64(name).Select(word => (double)word)];
        double[] actual = [.. expected.Select(_ => (double)generator.NextUInt32())];
        return Comparison.Of(name, "words", expected, actual, 0);
    }

    private static VerificationResult VerifyUniforms(string name, TorchGenerator generator, SafetensorsFile tensors)
    {
        float[] expected = tensors.ReadSingle(name);
        float[] actual = new float[expected.Length];
        generator.Uniform(actual);
        return Comparison.Of(name, "values", expected, actual, 0);
    }

    private static double[] ReadDouble(SafetensorsFile tensors, string name)
    {
        double[] values = new double[
            tensors.Tensors.TryGetValue(name, out TensorInfo? tensor)
                ? tensor.ElementCount
                : throw MissingTensorException.For(tensors, name)
        ];
        tensors.ReadBytes(name, 0, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}
