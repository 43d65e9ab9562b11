using Qua2SeDiMo.Json;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Quantizers;
using Xunit;

namespace Qua2SeDiMo.Tests.Plans;

/// <summary>plan.json is read as it was written, and impossible entries are rejected.</summary>
public sealed class PlanFileTests
{
    private static readonly PlanEntry Entry = new()
    {
        Key = "plan-3.5",
        Label = "Plan, 3.5 bits",
        Kind = PlanKind.Plan,
        Scores = ScoreModel.OfFile("ridge", PlanLevel.Op),
        Budget = BitBudget.Parse("3.5"),
        RequestedBits = 3.5,
        BudgetBytes = 1000,
        AverageBits = 3.49,
        SizeBytes = 998,
        Pictures = "plan-ridge",
        Metrics = new Dictionary<string, Measured> { ["ssim"] = new(0.9, 0.8, 0.95), ["psnr"] = new(30) },
        Allocation = new BitAllocation(
            new Dictionary<string, QuantizerSpec> { ["a"] = new(QuantizerMethod.KMeansPerChannel, 3) }
        ),
    };

    [Fact]
    public void An_entry_reads_back_as_it_was_written()
    {
        PlanEntry read = Read(Text(Entry));
        Assert.Equal(Text(Entry), Text(read));
        Assert.Equal(
            (Entry.Key, Entry.Kind, Entry.Scores, Entry.Budget, Entry.SizeBytes, Entry.Pictures),
            (read.Key, read.Kind, read.Scores, read.Budget, read.SizeBytes, read.Pictures)
        );
        Assert.Equal(Entry.Allocation, read.Allocation);
        Assert.Equal(Entry.Metrics, read.Metrics);
    }

    [Theory]
    [InlineData("\"key\": \"plan-3.5\"", "\"key\": \"../plan\"", "'../plan' is no name")]
    [InlineData("\"key\": \"plan-3.5\"", "\"key\": \"\"", "'' is no name")]
    [InlineData("\"pictures\": \"plan-ridge\"", "\"pictures\": \"../../secret\"", "'../../secret' is no name")]
    [InlineData("\"pictures\": \"plan-ridge\"", "\"pictures\": \"..\"", "'..' is no name")]
    [InlineData("\"sizeBytes\": 998", "\"sizeBytes\": -5", "-5 bytes")]
    [InlineData("\"budgetBytes\": 1000", "\"budgetBytes\": -1", "cannot be")]
    [InlineData("\"averageBits\": 3.49", "\"averageBits\": 1e308", "average bits")]
    [InlineData("\"averageBits\": 3.49", "\"averageBits\": \"NaN\"", "average bits")]
    public void An_entry_that_cannot_be_is_damage(string text, string lie, string words)
    {
        Assert.Contains(text, Text(Entry), StringComparison.Ordinal);
        DamagedFileException error = Assert.Throws<DamagedFileException>(() =>
            Read(Text(Entry).Replace(text, lie, StringComparison.Ordinal))
        );
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Equal(Remedy.Plan, error.Remedy);
    }

    private static string Text(PlanEntry entry) => System.Text.Json.JsonSerializer.Serialize(entry, OwnJson.Options);

    private static PlanEntry Read(string text) =>
        OwnJson.Parse<PlanEntry>(System.Text.Encoding.UTF8.GetBytes(text), "plan.json", Remedy.Plan);
}
