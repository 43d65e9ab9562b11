using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Architectures;

public sealed class ArchitectureCasesTests(ITestOutputHelper output)
{
    /// <summary>All reference cases whose class is in the catalog.</summary>
    public static TheoryData<string> Cases =>
        [
            .. Directory
                .EnumerateDirectories(RepositoryFiles.Golden("architectures"))
                .Where(folder =>
                    ArchitectureCatalog.All.Any(architecture =>
                        architecture.Recognizes(ComponentConfig.Read(Path.Combine(folder, "config.json")))
                    )
                )
                .Select(folder => Path.GetFileName(folder))
                .Order(StringComparer.Ordinal),
        ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_graph_built_from_its_configuration_gives_the_reference_outputs(string name)
    {
        IReadOnlyList<VerificationResult> results = ArchitectureCases.Verify(
            RepositoryFiles.Golden($"architectures/{name}")
        );

        foreach (VerificationResult result in results)
        {
            output.WriteLine(
                $"{result.Output}: {result.MaxAbsoluteDifference:E2} of {result.Tolerance:E2} "
                    + $"({result.MaxAbsoluteDifference / result.Tolerance:P0}) {result.Detail}"
            );
        }
        Assert.NotEmpty(results);
        Assert.All(results, result => Assert.True(result.Passed, result.ToString()));
    }
}
