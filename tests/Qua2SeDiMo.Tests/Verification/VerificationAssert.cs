using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Verification;

internal static class VerificationAssert
{
    /// <summary>Prints the worst difference of each case and fails on any output outside its tolerance.</summary>
    internal static void AllPass(IReadOnlyList<VerificationResult> results, ITestOutputHelper output)
    {
        Assert.NotEmpty(results);
        foreach (IGrouping<string, VerificationResult> group in results.GroupBy(result => result.Case))
        {
            VerificationResult worst = group.MaxBy(result =>
                result.Tolerance > 0 ? result.MaxAbsoluteDifference / result.Tolerance : result.MaxAbsoluteDifference
            )!;
            output.WriteLine(
                $"{group.Key}: worst {worst.Output} {worst.MaxAbsoluteDifference:G3} of {worst.Tolerance:G3}"
            );
        }
        VerificationResult[] failed = [.. results.Where(result => !result.Passed)];
        Assert.True(
            failed.Length == 0,
            $"{failed.Length} of {results.Count} outputs differ:\n" + string.Join("\n", failed.Take(20))
        );
    }
}
