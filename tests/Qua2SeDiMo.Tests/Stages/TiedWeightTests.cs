using System.Text.Json.Nodes;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies.Sampling;
using Xunit;

namespace Qua2SeDiMo.Tests.Stages;

public sealed class TiedWeightTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tied").FullName;

    [Fact]
    public void The_embedders_of_DiT_have_one_option_and_count_with_all_their_bytes()
    {
        using OpenModel model = OpenModel.Open(RepositoryFiles.Golden("pipelines/dit"));
        QuantizableWeight[] tied = [.. model.Weights.Where(weight => weight.TiedTo is not null)];
        Assert.NotEmpty(tied);
        var run = new RunDirectory(Path.Combine(folder, "run"));
        QuantizerBank bank = BankStage.Run(model, run);
        GraphStage.Run(model, run, withOnnx: false);

        JsonArray nodes = JsonNode.Parse(File.ReadAllText(run.DagJson))!["nodes"]!.AsArray();
        long original = nodes
            .Where(node => node!["options"] is not null)
            .Sum(node => node!["options"]![0]!["original_bytes"]!.GetValue<long>());
        Assert.Equal(model.QuantizableBytes, original);

        var space = new AllocationSpace(model.Weights, model.OriginalBits);
        BitAllocation allocation = space.Allocation([.. space.WeightNames.Select((_, i) => i % space.Options.Count)]);
        Assert.All(tied, weight => Assert.Equal(allocation[weight.TiedTo!], allocation[weight.Name]));
        string packed = Path.Combine(folder, "packed");
        PackStage.Run(model, run, allocation, packed, null);
        using OpenModel small = OpenModel.Open(packed);
        Assert.Equal(
            model.Weights.Select(weight => (weight.Name, weight.TiedTo)),
            small.Weights.Select(weight => (weight.Name, weight.TiedTo))
        );
        Assert.Equal(bank.Options.Count, space.Options.Count);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
