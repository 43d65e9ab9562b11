using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>A small pipeline with a study of three trials, created once by the program; tests work on copies of
/// both.</summary>
public sealed class StudiedModel : IAsyncLifetime, IDisposable
{
    internal const int Trials = 3;

    // Prompts and run directory are next to the model folder.
    private const string PromptsName = "prompts.txt",
        RunName = "r";
    private ModelCopy model = null!;

    public async Task InitializeAsync()
    {
        model = new ModelCopy();
        await File.WriteAllTextAsync(
            model.Beside(PromptsName),
            "a red apple\na green leaf\na blue door\na grey stone\n"
        );
        (await Q2.RunAsync(Study(model))).Succeeded();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => model.Dispose();

    /// <summary>Copies model, prompts and run directory into a new folder.</summary>
    internal ModelCopy Copy()
    {
        var copy = new ModelCopy("");
        ModelCopy.CopyFolder(model.Path, copy.Path);
        ModelCopy.CopyFolder(model.Beside(RunName), Run(copy));
        File.Copy(model.Beside(PromptsName), Prompts(copy));
        return copy;
    }

    internal static string Run(ModelCopy copy) => copy.Beside(RunName);

    internal static string Prompts(ModelCopy copy) => copy.Beside(PromptsName);

    /// <summary>The command that created the study, for a copy.</summary>
    internal static string[] Study(ModelCopy copy, int trials = Trials, string? run = null) =>
        [
            "study",
            copy.Path,
            "--run",
            run ?? Run(copy),
            "--prompts",
            Prompts(copy),
            "--trials",
            $"{trials}",
            "--images",
            "2",
            "--steps",
            "2",
            "--quiet",
            "--json",
        ];
}
