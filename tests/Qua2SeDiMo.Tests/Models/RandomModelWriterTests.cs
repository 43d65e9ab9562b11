using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Xunit;

namespace Qua2SeDiMo.Tests.Models;

public sealed class RandomModelWriterTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("random-model-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    public static TheoryData<string> RealModels() =>
        [
            .. Directory
                .EnumerateFiles(RepositoryFiles.Golden("real-models"), "*.json")
                .Select(path => Path.GetFileName(path)!),
        ];

    [Theory]
    [MemberData(nameof(RealModels))]
    public void A_released_model_adds_up_to_its_parameter_count(string file)
    {
        RandomModelSpec spec = RandomModelSpec.Read(RepositoryFiles.Golden($"real-models/{file}"));
        Assert.Equal(spec.ParameterCount, spec.Tensors.Sum(tensor => tensor.Info.ElementCount));
    }

    [Fact]
    public void Shards_hold_the_same_values_as_one_file()
    {
        string one = Path.Combine(folder, "one"),
            many = Path.Combine(folder, "many");
        RandomModelWriter.Write(Small(), one, seed: 7);
        RandomModelWriter.Write(Small(), many, seed: 7, shardBytes: 3000);
        using ShardedTensors whole = ShardedTensors.Open(one),
            parts = ShardedTensors.Open(many);
        Assert.Single(whole.FilePaths);
        Assert.Equal(3, parts.FilePaths.Count);
        Assert.Equal(whole.Tensors.Keys.Order(), parts.Tensors.Keys.Order());
        foreach (string name in whole.Tensors.Keys)
            Assert.Equal(whole.ReadSingle(name), parts.ReadSingle(name));
    }

    [Fact]
    public void Weights_spread_by_their_inputs_and_norms_are_one()
    {
        RandomModelWriter.Write(Small(), folder, seed: 1);
        using ShardedTensors tensors = ShardedTensors.Open(folder);
        float[] weight = tensors.ReadSingle("linear.weight");
        Assert.InRange(Math.Sqrt(weight.Average(value => value * value)), 0.9 / Math.Sqrt(64), 1.1 / Math.Sqrt(64));
        Assert.All(tensors.ReadSingle("norm.weight"), value => Assert.Equal(1f, value));
        Assert.True(File.Exists(Path.Combine(folder, "config.json")));
    }

    private static RandomModelSpec Small()
    {
        (string Name, long[] Shape, string Kind)[] tensors =
        [
            ("linear.weight", [20, 64], "Linear"),
            ("linear.bias", [20], "Linear"),
            ("conv.weight", [8, 20, 3, 3], "Conv2d"),
            ("norm.weight", [20], "LayerNorm"),
            ("table.weight", [31, 5], "Embedding"),
        ];
        return new RandomModelSpec(
            "Small",
            [],
            tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (a, b) => a * b)),
            [
                .. tensors.Select(tensor => new RandomModelTensor(
                    new TensorInfo(tensor.Name, ElementType.Float16, tensor.Shape),
                    tensor.Kind
                )),
            ]
        );
    }
}
