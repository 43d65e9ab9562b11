using System.CommandLine;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Cli;

/// <summary>The model folder and the run directory: arguments of most verbs.</summary>
internal sealed class ModelArguments
{
    private readonly Argument<string> folder = new("FOLDER")
    {
        Description = "A diffusers pipeline folder (with model_index.json)",
    };

    private readonly Option<string?> run = new("--run")
    {
        Description = "Run directory; default: runs/<name of the folder>",
    };

    internal ModelArguments(Command command, bool withRun = true)
    {
        command.Add(folder);
        if (withRun)
            command.Add(run);
    }

    /// <summary>The option that names the run directory.</summary>
    internal Option RunOption => run;

    internal string Folder(ParseResult result) => result.GetRequiredValue(folder);

    internal OpenModel Open(ParseResult result, CommandContext context) => context.Open(Folder(result));

    /// <summary>The run directory, after checking that it can be written.</summary>
    /// <exception cref="OutputFolderException">The directory cannot be written.</exception>
    internal RunDirectory Run(ParseResult result)
    {
        string path =
            result.GetValue(run)
            ?? Path.Combine(
                "runs",
                Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Folder(result))))
            );
        OutputFolderException.Check(path);
        return new RunDirectory(path);
    }
}
