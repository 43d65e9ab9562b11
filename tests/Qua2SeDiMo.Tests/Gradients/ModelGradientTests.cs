using Qua2SeDiMo.Tests.Verification;
using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Gradients;

public sealed class ModelGradientTests(ITestOutputHelper output)
{
    public static TheoryData<string> Cases =>
        [
            .. Directory
                .EnumerateFiles(RepositoryFiles.Golden("gradients"), "*.json")
                .Select(file => Path.GetFileNameWithoutExtension(file)!)
                .Order(StringComparer.Ordinal),
        ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_of_a_model_are_those_of_the_reference(string name) =>
        VerificationAssert.AllPass(ModelGradientCases.Verify(RepositoryFiles.Golden($"gradients/{name}.json")), output);
}
