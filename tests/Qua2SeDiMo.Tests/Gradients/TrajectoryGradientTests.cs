using Qua2SeDiMo.Tests.Verification;
using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Gradients;

public sealed class TrajectoryGradientTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("emoji-pixart")]
    [InlineData("emoji-unet")]
    [Trait("Speed", "Slow")]
    public void Products_through_a_whole_run_are_those_of_the_reference(string model) =>
        VerificationAssert.AllPass(
            TrajectoryGradientCases.Verify(RepositoryFiles.Golden($"gradients/trajectory/{model}.json")),
            output
        );
}
