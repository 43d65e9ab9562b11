using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Plans;
using Xunit;

namespace Qua2SeDiMo.Tests.Stages;

/// <summary>Which plan of a run is packed.</summary>
public sealed class PlanChoiceTests
{
    private static readonly Plan Record = new(
        "psnr",
        "ridge",
        "",
        [Entry("plan-3.5", 3.5, 3.498), Entry("plan-3.75", 3.75, 3.749), Entry("plan-200000B", null, 3.312)]
    );

    [Theory]
    [InlineData(null, "plan-3.75")]
    [InlineData(3.5, "plan-3.5")]
    [InlineData(3.75, "plan-3.75")]
    [InlineData(3.312, "plan-200000B")]
    [InlineData(3.31, "plan-200000B")]
    public void A_plan_is_chosen_by_the_bits_that_were_asked_for_or_that_it_has(double? bits, string key) =>
        Assert.Equal(key, (string?)PlannedModel.Of(Record, bits).Origin["plan"]);

    [Theory]
    [InlineData(99)]
    [InlineData(3.6)]
    [InlineData(0)]
    public void Bits_that_no_plan_has_are_refused_with_those_that_there_are(double bits)
    {
        string message = Assert.Throws<PlanException>(() => PlannedModel.Of(Record, bits)).Message;
        Assert.All(
            [$"{bits}", "3.5", "3.75", "3.312"],
            word => Assert.Contains(word, message, StringComparison.Ordinal)
        );
    }

    private static PlanEntry Entry(string key, double? requested, double bits) =>
        new()
        {
            Key = key,
            Label = key,
            Kind = PlanKind.Plan,
            RequestedBits = requested,
            AverageBits = bits,
        };
}
