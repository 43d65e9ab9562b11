using System.Reflection;
using PublicApiGenerator;
using Qua2SeDiMo.Kernels;
using Qua2SeDiMo.Storage;
using Qua2SeDiMo.Tests.Docs;
using Xunit;

namespace Qua2SeDiMo.Tests.Api;

/// <summary>Compares the public API of both packages with an approved text, which every change of the API must update
/// (docs/decisions/0015-public-face.md).</summary>
public sealed class ApprovedApiTests
{
    private const int MaximumTypes = 90;

    private static readonly Assembly[] Packages = [typeof(Notes).Assembly, typeof(PaletteMatMul).Assembly];

    [Theory]
    [InlineData("Qua2SeDiMo")]
    [InlineData("Qua2SeDiMo.Kernels")]
    public void The_public_types_of_a_package_are_those_that_were_approved(string package)
    {
        string path = Path.Combine(RepositoryFiles.Root, "tests", "Qua2SeDiMo.Tests", "Api", $"{package}.txt");
        Assembly assembly = Packages.Single(assembly => assembly.GetName().Name == package);
        string now =
            assembly
                .GeneratePublicApi(new ApiGeneratorOptions { IncludeAssemblyAttributes = false })
                .ReplaceLineEndings("\n") + "\n";
        if (GeneratedBlock.IsRefreshing)
        {
            AtomicFile.WriteText(path, now);
            return;
        }
        string[] approved = File.ReadAllLines(path),
            compiled = now.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] faults =
        [
            .. compiled.Except(approved).Select(line => "new:  " + line.Trim()),
            .. approved.Except(compiled).Select(line => "gone: " + line.Trim()),
        ];
        Assert.True(
            faults.Length == 0,
            $"The public types of {package} are not those of {path}:\n{string.Join('\n', faults)}\n"
                + "Make it internal, or approve it: ./build.sh docs writes the file again."
        );
    }

    [Fact]
    public void Both_packages_together_have_few_public_types()
    {
        int count = Packages.Sum(package => package.GetExportedTypes().Length);
        Assert.InRange(count, 1, MaximumTypes);
    }
}
