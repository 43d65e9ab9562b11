using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Runs;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests;

/// <summary>A bank of the bundled model, built once by the program; tests copy it into their run directories.</summary>
public sealed class BankedRun : IAsyncLifetime
{
    /// <summary>Name of the test collection that shares it. Its tests run one after another, so that their processes do
    /// not compete for the processor.</summary>
    public const string Name = "banked run";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-cli-");
    private int runCount;

    internal static string Model => Path.Combine(RepositoryFiles.Root, "models", "emoji-pixart");

    /// <summary>The model, opened by the library.</summary>
    internal OpenModel Loaded { get; } = OpenModel.Open(Model);

    /// <summary>Result of <c>bank --json</c>, which built the bank.</summary>
    internal Q2Result BankResult { get; private set; } = null!;

    internal RunDirectory Run => new(Path.Combine(folder.FullName, "bank-run"));

    public async Task InitializeAsync() =>
        BankResult = (await Q2.RunAsync("bank", Model, "--run", Run.DirectoryPath, "--json", "--quiet")).Succeeded();

    /// <summary>A new run directory with a copy of the bank.</summary>
    internal RunDirectory NewRun()
    {
        var run = new RunDirectory(NewFolder());
        Directory.CreateDirectory(run.Bank);
        foreach (string file in Directory.EnumerateFiles(Run.Bank))
            File.Copy(file, Path.Combine(run.Bank, Path.GetFileName(file)));
        return run;
    }

    /// <summary>Creates an empty folder.</summary>
    internal string NewFolder() =>
        Directory.CreateDirectory(Path.Combine(folder.FullName, $"{Interlocked.Increment(ref runCount)}")).FullName;

    public Task DisposeAsync()
    {
        Loaded.Dispose();
        folder.Delete(recursive: true);
        return Task.CompletedTask;
    }
}

/// <summary>The collection of the tests that need a bank.</summary>
[CollectionDefinition(BankedRun.Name)]
public sealed class BankedRunGroup : ICollectionFixture<BankedRun>;
