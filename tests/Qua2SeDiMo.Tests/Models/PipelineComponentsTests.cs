using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Xunit;

namespace Qua2SeDiMo.Tests.Models;

public sealed class PipelineComponentsTests
{
    [Fact]
    public void Every_pipeline_class_that_makes_pictures_has_its_components_in_the_table() =>
        Assert.Equal(PipelineCatalog.ClassNames.Order(), PipelineComponents.PipelineClasses.Order());

    public static TheoryData<string> Pipelines =>
        [
            .. Directory
                .EnumerateDirectories(RepositoryFiles.Golden("pipelines"))
                .Select(folder => Path.GetFileName(folder)!)
                .Order(StringComparer.Ordinal),
        ];

    [Theory]
    [MemberData(nameof(Pipelines))]
    public void A_pipeline_uses_the_components_of_its_class_and_pictures_can_be_made_from_it(string pipeline)
    {
        ModelFolder folder = ModelFolder.Open(RepositoryFiles.Golden($"pipelines/{pipeline}"));
        Assert.Equal(folder.Components.Keys.Order(), folder.Used.Select(component => component.Name).Order());
        Assert.Null(PipelineSupport.FaultOfGeneration(folder));
        Assert.All(folder.Used, component => Assert.Empty(ComponentFiles.Of(component).Unread()));
    }
}
