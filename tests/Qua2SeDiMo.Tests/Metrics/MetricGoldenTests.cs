using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Metrics;

public sealed class MetricGoldenTests(ITestOutputHelper output)
{
    [Fact]
    public void Frechet_kernel_and_clip_figures_agree_with_the_reference() =>
        CheckAll(MetricCases.Verify(RepositoryFiles.Golden("metrics")), 20);

    [Fact]
    public void Resized_images_agree_with_pillow() => CheckAll(ImageCases.Verify(RepositoryFiles.Golden("images")), 45);

    [Fact]
    public void A_folder_without_metric_cases_gives_no_results() =>
        Assert.Empty(MetricCases.Verify(RepositoryFiles.Golden("random")));

    private void CheckAll(IReadOnlyList<VerificationResult> results, int atLeast)
    {
        foreach (VerificationResult result in results)
        {
            output.WriteLine(
                $"{result.Case} {result.Output}: {result.MaxAbsoluteDifference:g3} (allowed {result.Tolerance:g3}) {result.Detail}"
            );
        }
        Assert.True(results.Count >= atLeast, $"{results.Count} results");
        Assert.DoesNotContain(results, result => !result.Passed);
    }
}
