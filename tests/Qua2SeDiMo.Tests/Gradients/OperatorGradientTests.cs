using Qua2SeDiMo.Tests.Verification;
using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Gradients;

public sealed class OperatorGradientTests(ITestOutputHelper output)
{
    [Fact]
    public void Gradients_of_single_operators_and_small_graphs_are_those_of_the_reference() =>
        VerificationAssert.AllPass(
            OperatorGradientCases.Verify(RepositoryFiles.Golden("gradients/ops/operators.json")),
            output
        );
}
