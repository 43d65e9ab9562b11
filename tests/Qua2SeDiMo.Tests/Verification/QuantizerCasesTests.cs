using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Verification;

public sealed class QuantizerCasesTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("uaq")]
    [InlineData("kmeans")]
    [InlineData("activations")]
    [InlineData("size.json")]
    public void Quantizers_reproduce_their_references(string part) =>
        VerificationAssert.AllPass(QuantizerCases.Verify(RepositoryFiles.Golden($"quantizers/{part}")), output);
}
