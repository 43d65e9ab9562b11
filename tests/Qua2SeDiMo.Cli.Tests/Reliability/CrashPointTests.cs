using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Reliability;

/// <summary>A kill or a disk error at any step that changes the disk loses no finished work.</summary>
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
        // Single verbs can be tried alone, for instance after a fix; the counts of the others are kept.
        string[]? verbs = Environment.GetEnvironmentVariable("Q2_RELIABILITY_VERBS")?.Split(',');
        using var points = new CrashPoints("dit");
        IReadOnlyList<CrashResult> results = await points.RunAsync(
            fault,
            (scenario, count) =>
                verbs?.Contains(scenario.Name) == false
                    ? []
                    : Enumerable.Range(1, count).Where(point => point % scenario.Every == 0)
        );
        CrashResult[] tried = [.. results.Where(result => verbs?.Contains(result.Scenario) != false)];
        if (Environment.GetEnvironmentVariable("Q2_RELIABILITY_RESULTS") is { Length: > 0 } folder)
            await KeepAsync(Path.Combine(folder, $"crash-points-{fault}.json"), fault, results, tried);
        Assert.NotEmpty(tried);
        Assert.All(tried, AssertSurvived);
    }

    private static async Task KeepAsync(
        string file,
        string fault,
        IReadOnlyList<CrashResult> results,
        CrashResult[] tried
    )
    {
        JsonArray counts = CrashPoints.ToJson(results);
        for (int verb = 0; verb < results.Count; verb++)
        {
            if (!tried.Contains(results[verb]))
                counts[verb] = JsonNode.Parse(await File.ReadAllTextAsync(file))!["verbs"]![verb]!.DeepClone();
        }
        await File.WriteAllTextAsync(
            file,
            new JsonObject { ["fault"] = fault, ["verbs"] = counts }.ToJsonString(
                new JsonSerializerOptions { WriteIndented = true }
            ) + "\n"
        );
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
