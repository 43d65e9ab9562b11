using Qua2SeDiMo.Tests.Verification;
using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Diffusion.Tokenizers;

public sealed class TokenizerGoldenTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("t5-tiny")]
    [InlineData("bert-backend")]
    [InlineData("clip-backend")]
    [InlineData("t5-backend")]
    [InlineData("clip-tiny")]
    [InlineData("clip-real")]
    [InlineData("bert-tiny")]
    public void Ids_agree_with_transformers(string name) =>
        VerificationAssert.AllPass(TokenizerCases.Verify(RepositoryFiles.Golden($"tokenizers/{name}")), output);
}
