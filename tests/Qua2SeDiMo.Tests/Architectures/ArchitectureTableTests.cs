using Qua2SeDiMo.Models.Configs;
using Xunit;

namespace Qua2SeDiMo.Tests.Architectures;

public sealed class ArchitectureTableTests
{
    [Fact]
    public void Every_class_with_a_reference_case_stands_in_the_table_of_supported_classes()
    {
        string table = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "architectures.md"));
        string[] classes =
        [
            .. Directory
                .EnumerateDirectories(RepositoryFiles.Golden("architectures"))
                .Select(folder => ComponentConfig.Read(Path.Combine(folder, "config.json")).ClassName)
                .Distinct(),
        ];
        Assert.All(classes, name => Assert.Contains($"`{name}`", table, StringComparison.Ordinal));
    }
}
