using System.CommandLine;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Cli;

/// <summary>The model folder and the run directory, which every stage takes.</summary>
internal sealed class ModelArguments
{
    private readonly Argument<string> folder = new("FOLDER") { Description = "A diffusers pipeline folder (with model_index.json)" };

    private readonly Option<string?> run = new("--run") { Description = "Run directory; default: runs/<name of the folder>" };

    internal ModelArguments(Command command, bool withRun = true)
    {
        command.Add(folder);
        if (withRun) command.Add(run);
    }

    internal string Folder(ParseResult result) => result.GetRequiredValue(folder);

    internal LoadedModel Open(ParseResult result, CommandContext context) => LoadedModel.Open(Folder(result), context.Notes);

    internal RunDirectory Run(ParseResult result) => new(result.GetValue(run) ?? Path.Combine("runs", Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Folder(result))))));
}
