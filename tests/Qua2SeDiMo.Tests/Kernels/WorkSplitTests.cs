using CsCheck;
using Qua2SeDiMo.Kernels.Scheduling;
using Xunit;

namespace Qua2SeDiMo.Tests.Kernels;

public sealed class WorkSplitTests
{
    private static readonly WorkCosts Costs = new(8, 1, 4);

    [Fact]
    public void No_part_lays_out_more_than_it_may_and_no_part_is_empty() =>
        Gen.Select(Gen.Int[1, 300], Gen.Int[1, 200], Gen.Int[1, 20], Gen.Int[1, 64])
            .Sample(
                (panels, units, most, processors) =>
                {
                    (int perBlock, int perShare) = WorkSplit.Find(panels, units, most, Costs, processors);
                    return perBlock >= 1 && perBlock <= Math.Min(most, panels) && perShare >= 1 && perShare <= units;
                }
            );

    [Theory]
    [InlineData(16, 48, 8, 2, 8, 48)]
    [InlineData(4, 27, 8, 2, 2, 27)]
    [InlineData(5, 48, 8, 2, 5, 24)]
    [InlineData(9, 54, 8, 2, 3, 27)]
    [InlineData(1, 48, 8, 2, 1, 24)]
    [InlineData(16, 48, 8, 16, 4, 12)]
    [InlineData(5, 48, 8, 1, 5, 48)]
    public void Work_is_cut_so_that_processors_end_together(
        int panels,
        int units,
        int most,
        int processors,
        int perBlock,
        int perShare
    ) => Assert.Equal((perBlock, perShare), WorkSplit.Find(panels, units, most, Costs, processors));
}
