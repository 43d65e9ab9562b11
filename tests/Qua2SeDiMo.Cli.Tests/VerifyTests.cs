using System.Text.Json;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests;

public sealed class VerifyTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-verify-");

    [Fact]
    public async Task References_that_hold_end_with_a_count_and_exit_code_0()
    {
        Q2Result result = (
            await Q2.RunAsync(
                "verify",
                RepositoryFiles.Golden("schedulers/lcm.json"),
                RepositoryFiles.Golden("architectures/vae-tiny")
            )
        ).Succeeded();

        string[] lines = result.Output.TrimEnd().Split('\n');
        Assert.Matches("^[0-9]+ passed, 0 failed$", lines[^1]);
        Assert.Contains(
            lines,
            line =>
                line.Contains("decoded", StringComparison.Ordinal)
                && line.Contains("tolerance", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_tampered_reference_fails_with_exit_code_1()
    {
        Tamper();

        Q2Result result = await Q2.RunAsync("verify", folder.FullName, "--json");

        Assert.Equal(1, result.ExitCode);
        Assert.Equal("scheduler", result.Json.GetProperty("cases")[0].GetProperty("kind").GetString());
        Assert.NotEqual(0, result.Json.GetProperty("failed").GetInt32());
        JsonElement output = result.Json.GetProperty("cases")[0].GetProperty("results")[0];
        Assert.All(
            ["output", "maxAbsoluteDifference", "maxRelativeDifference", "tolerance", "passed"],
            name => output.GetProperty(name)
        );
    }

    [Fact]
    public async Task A_folder_without_references_is_exit_code_2()
    {
        Q2Result result = await Q2.RunAsync("verify", folder.FullName);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("no reference case", result.Errors, StringComparison.Ordinal);
        (await Q2.RunAsync("verify", "/no/such/folder")).Refused("/no/such/folder");
    }

    public void Dispose() => folder.Delete(recursive: true);

    private void Tamper()
    {
        File.Copy(RepositoryFiles.Golden("schedulers/dpmpp1.json"), Path.Combine(folder.FullName, "mine.json"));
        byte[] bytes = File.ReadAllBytes(RepositoryFiles.Golden("schedulers/dpmpp1.safetensors"));
        for (int i = bytes.Length - 400; i < bytes.Length; i += 4)
            BitConverter.GetBytes(0.25f).CopyTo(bytes, i);
        File.WriteAllBytes(Path.Combine(folder.FullName, "mine.safetensors"), bytes);
    }
}
