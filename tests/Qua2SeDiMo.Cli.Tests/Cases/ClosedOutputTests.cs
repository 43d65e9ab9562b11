using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>A closed standard output is not an error of the program, and no result in a file is lost.</summary>
public sealed class ClosedOutputTests
{
    [Theory]
    [InlineData("head -n 1")]
    [InlineData("true")]
    public async Task A_reader_that_has_enough_is_no_failure(string reader)
    {
        using var model = new ModelCopy();
        // Reports the exit code of the program, not of its reader.
        Q2Result result = await Q2.RunInShellAsync(
            $"{{ \"$@\"; echo ended with $? >&2; }} | {reader}",
            "inspect",
            model.Path
        );
        Assert.Equal("ended with 0", result.Errors.Trim());
    }

    [Theory]
    [InlineData("> /dev/full", "No space left")]
    [InlineData(">&-", "closed")]
    [InlineData("> /dev/full 2> /dev/full", "")]
    [InlineData("<&- >&- 2>&-", "")]
    public async Task Output_that_is_full_or_closed_is_said_and_files_are_complete(string redirections, string word)
    {
        using var model = new ModelCopy();

        Q2Result result = await Q2.RunInShellAsync(
            $"exec \"$@\" {redirections}",
            "generate",
            model.Path,
            "--prompt",
            "a cat",
            "a dog",
            "--steps",
            "1",
            "--out",
            model.Beside("o"),
            "--sheet",
            "--json"
        );

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(word, result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
        Assert.Equal(3, Pictures.PixelsOf(model.Beside("o")).Length);
    }

    [Theory]
    [InlineData("> /dev/full", "--help")]
    [InlineData("> /dev/full", "--version")]
    [InlineData("2> /dev/full", "inspect", "/no/such/folder")]
    [InlineData("2>&-", "no-such-verb")]
    public async Task Help_and_errors_that_nobody_can_read_end_with_exit_code_2(
        string redirections,
        params string[] arguments
    ) => Assert.Equal(2, (await Q2.RunInShellAsync($"exec \"$@\" {redirections}", arguments)).ExitCode);

    [Fact]
    public async Task Progress_that_cannot_be_shown_does_not_stop_the_work()
    {
        using var model = new ModelCopy();
        Q2Result result = await Q2.RunInShellAsync(
            "exec \"$@\" 2> /dev/full",
            "bank",
            model.Path,
            "--run",
            model.Beside("r"),
            "--json"
        );
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(6, result.Json.GetProperty("options").GetArrayLength());
    }
}
