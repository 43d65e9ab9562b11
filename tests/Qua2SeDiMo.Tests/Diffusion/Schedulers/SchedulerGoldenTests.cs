using Qua2SeDiMo.Tests.Verification;
using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Diffusion.Schedulers;

public sealed class SchedulerGoldenTests(ITestOutputHelper output)
{
    public static TheoryData<string> Cases() =>
        [
            .. Directory
                .EnumerateFiles(RepositoryFiles.Golden("schedulers"), "*.json")
                .Select(file => Path.GetFileNameWithoutExtension(file)!)
                .Order(StringComparer.Ordinal),
        ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Loops_agree_with_diffusers(string name)
    {
        string file = RepositoryFiles.Golden($"schedulers/{name}.json");
        VerificationAssert.AllPass(SchedulerCases.Verify(file), output);
    }
}
