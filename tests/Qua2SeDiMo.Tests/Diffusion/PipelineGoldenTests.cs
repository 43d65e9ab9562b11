using Qua2SeDiMo.Tests.Verification;
using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Diffusion;

public sealed class PipelineGoldenTests(ITestOutputHelper output)
{
    public static TheoryData<string> Cases() =>
        [
            .. Directory
                .EnumerateDirectories(RepositoryFiles.Golden("pipelines"))
                .Select(folder => Path.GetFileName(folder)!)
                .Order(StringComparer.Ordinal),
        ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Tokens_latents_and_images_agree_with_diffusers(string name) =>
        VerificationAssert.AllPass(PipelineCases.Verify(RepositoryFiles.Golden($"pipelines/{name}")), output);
}
