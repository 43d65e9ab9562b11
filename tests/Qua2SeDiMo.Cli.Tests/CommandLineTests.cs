using System.Text.Json;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests;

/// <summary>Exit codes, and which output goes to which stream.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("no-such-verb")]
    [InlineData("inspect")]
    [InlineData("study", "somewhere", "--trials", "many")]
    [InlineData("study", "somewhere", "--trials", "0")]
    [InlineData("study", "somewhere", "--no-such-option")]
    [InlineData("generate", "somewhere")]
    public async Task A_wrong_command_line_is_exit_code_2_and_says_so_on_standard_error(params string[] arguments)
    {
        Q2Result result = await Q2.RunAsync(arguments);
        Assert.Equal(2, result.ExitCode);
        Assert.NotEqual("", result.Errors.Trim());
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_printed() =>
        Assert.Matches("^[0-9]+\\.[0-9]+", (await Q2.RunAsync("--version")).Succeeded().Output);

    [Fact]
    public async Task Inspect_prints_one_JSON_document()
    {
        JsonElement model = (await Q2.RunAsync("inspect", BankedRun.Model, "--json")).Succeeded().Json;
        Assert.Equal(67, model.GetProperty("quantizable").GetProperty("weights").GetInt32());
    }

    [Fact]
    public async Task Inspect_names_the_next_verb() =>
        Assert.Contains(
            "Next: q2 ",
            (await Q2.RunAsync("inspect", BankedRun.Model)).Succeeded().Output,
            StringComparison.Ordinal
        );

    [Fact]
    public async Task Doctor_loads_every_native_library()
    {
        JsonElement result = (await Q2.RunAsync("doctor", "--json")).Succeeded().Json;
        string[] names =
        [
            .. result.GetProperty("checks").EnumerateArray().Select(check => check.GetProperty("name").GetString()!),
        ];
        Assert.All(
            ["Processor", "Kernels", "Free memory", "ONNX Runtime", "SQLite"],
            name => Assert.Contains(name, names)
        );
    }
}
