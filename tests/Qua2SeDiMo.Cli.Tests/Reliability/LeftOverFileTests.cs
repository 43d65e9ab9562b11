using Qua2SeDiMo.Cli.Tests.Cases;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Reliability;

/// <summary>Files that a killed process left are removed by the next process.</summary>
public sealed class LeftOverFileTests
{
    [Fact]
    public async Task A_picture_that_a_dead_process_was_writing_takes_no_number()
    {
        using var model = new ModelCopy("dit");
        int claims = 0;
        for (int step = 1; ; step++)
        {
            string pictures = model.Beside($"pictures-{step}");
            string[] command = ["generate", model.Path, "--prompt", "1", "--steps", "2", "--out", pictures, "--quiet"];
            if ((await Q2.RunWithAsync([("Q2_FAULT", $"kill@{step}")], command)).ExitCode == 0)
                break;
            string[] left = Directory.Exists(pictures) ? Directory.GetFiles(pictures) : [];
            claims += left.Count(file => file.EndsWith(".claim", StringComparison.Ordinal));
            string[] expected = left.Any(file => file.EndsWith("000-1.png", StringComparison.Ordinal))
                ? ["000-1.png", "001-1.png"]
                : ["000-1.png"];

            (await Q2.RunAsync(command)).Succeeded();

            Assert.Equal(expected, Directory.GetFiles(pictures).Select(Path.GetFileName).Order());
        }
        Assert.True(claims > 0, "No step left the claim of a number.");
    }

    [Fact]
    public async Task The_lock_of_an_image_that_was_measured_before_its_process_died_is_swept()
    {
        using var model = new ModelCopy("dit");
        string run = model.Beside("run");
        string[] options = ["--images", "2", "--steps", "2", "--cotangents", "1", "--quiet"];
        (await Q2.RunAsync("bank", model.Path, "--run", run, "--quiet")).Succeeded();
        string measured = Path.Combine(run, "measurement");
        // Finds the step after which the first image's file is complete.
        for (
            int step = 1;
            !Directory.Exists(measured) || Directory.GetFiles(measured, "*.safetensors").Length == 0;
            step++
        )
            await KilledAsync(step, ["measure", model.Path, "--run", run, .. options]);
        Assert.NotEmpty(Directory.GetFiles(measured, "*.lock"));

        (await Q2.RunAsync(["measure", model.Path, "--run", run, .. options])).Succeeded();

        Assert.Empty(Directory.GetFiles(measured, "*.lock"));
        Assert.Equal(2, Directory.GetFiles(measured, "*.safetensors").Length);
    }

    private static async Task KilledAsync(int step, string[] command)
    {
        Q2Result killed = await Q2.RunWithAsync([("Q2_FAULT", $"kill@{step}")], command);
        Assert.Equal(137, killed.ExitCode);
    }
}
