using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Reliability;

/// <summary>A death or a refusing disk at any step that changes the disk costs nothing that was finished.</summary>
public sealed class CrashPointTests
{
    [Theory]
    [Trait("Speed", "Slow")]
    [InlineData(CrashPoints.Kill)]
    [InlineData(CrashPoints.Full)]
    [InlineData(CrashPoints.Denied)]
    public async Task The_same_command_goes_on_after_a_fault_at_some_points_of_every_verb(string fault)
    {
        using var points = new CrashPoints("dit");
        Assert.All(await points.RunAsync(fault, (_, count) => [Math.Max(1, count / 2)]), AssertSurvived);
    }

    [Theory]
    [Trait("Speed", "Slow")]
    [InlineData(CrashPoints.Kill)]
    [InlineData(CrashPoints.Full)]
    [InlineData(CrashPoints.Denied)]
    public async Task The_same_command_goes_on_after_a_fault_at_every_point_of_every_verb(string fault)
    {
        using var points = new CrashPoints("dit");
        IReadOnlyList<CrashResult> results = await points.RunAsync(
            fault,
            (scenario, count) => Enumerable.Range(1, count).Where(point => point % scenario.Every == 0)
        );
        if (Environment.GetEnvironmentVariable("Q2_RELIABILITY_RESULTS") is { Length: > 0 } folder)
        {
            await File.WriteAllTextAsync(
                Path.Combine(folder, $"crash-points-{fault}.json"),
                new JsonObject { ["fault"] = fault, ["verbs"] = CrashPoints.ToJson(results) }.ToJsonString(
                    new JsonSerializerOptions { WriteIndented = true }
                ) + "\n"
            );
        }
        Assert.All(results, AssertSurvived);
    }

    private static void AssertSurvived(CrashResult result)
    {
        Assert.True(result.Tried > 0, $"{result.Scenario} changes nothing on the disk; there is nothing to test.");
        Assert.True(
            result.Failures.Count == 0,
            $"{result.Scenario}, {result.Survived} of {result.Tried}:\n{string.Join('\n', result.Failures.Take(5))}"
        );
    }
}
