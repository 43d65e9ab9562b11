using System.Diagnostics;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Models.Configs;
using Xunit;

namespace Qua2SeDiMo.Tests.Stages;

/// <summary>Prompt lists from files, from pipes, and from mistyped names.</summary>
public sealed class PromptFileTests
{
    [Fact]
    public void A_device_that_never_ends_is_refused()
    {
        if (!File.Exists("/dev/zero"))
            return;
        Assert.Contains(
            "/dev/zero: larger than 64 MiB",
            Assert.Throws<ModelFolderException>(() => PromptFile.Read("/dev/zero")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_pipe_is_read_to_its_end()
    {
        if (!OperatingSystem.IsLinux())
            return;
        string pipe = Path.Combine(Directory.CreateTempSubdirectory("q2-prompts-").FullName, "pipe");
        using (Process make = Process.Start("mkfifo", [pipe]))
            await make.WaitForExitAsync();
        Task writer = Task.Run(() => File.WriteAllText(pipe, " a cat \r\n\na dog"));
        Assert.Equal(["a cat", "a dog"], await Task.Run(() => PromptFile.Read(pipe)));
        await writer;
    }
}
