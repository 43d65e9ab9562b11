using Qua2SeDiMo.Tests.Verification;
using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Diffusion;

/// <summary>Compares images of the bundled pipelines with those that diffusers generated
/// (models/*/golden/reference.json).</summary>
public sealed class BundledModelTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("emoji-pixart")]
    [InlineData("emoji-unet")]
    public void Prompts_and_seeds_give_the_golden_images(string name) =>
        VerificationAssert.AllPass(ModelImageCases.Verify(RepositoryFiles.Models($"{name}/golden")), output);
}
