using System.CommandLine;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Cli;

/// <summary>The input of fit, explain and plan: a model folder with its run directory, or external labelled
/// trials.</summary>
internal sealed class SourceArguments
{
    private const string TrialsName = "trials.csv",
        GraphName = "dag.json";

    private readonly Argument<string?> folder = new("FOLDER")
    {
        Description = "A diffusers pipeline folder (with model_index.json); not needed with --trials",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string?> run = new("--run")
    {
        Description = "Run directory; default: runs/<name of the folder>",
    };
    private readonly Option<string?> trials = new("--trials")
    {
        Description =
            "Labelled trials from outside (docs/formats.md) instead of a model's own study; default: trials.csv beside --dag",
    };
    private readonly Option<string?> dag = new("--dag")
    {
        Description =
            "Graph of the labelled trials, with sizes and errors of every option; default: dag.json beside --trials",
    };
    private readonly Option<string?> target = new("--target")
    {
        Description =
            "Column of --trials that is the label, larger is better (default: target); --target=-NAME where smaller is better",
    };
    private readonly Option<bool> ownFolds = new("--own-folds")
    {
        Description = "Make new folds even if --dag lists some",
    };
    private readonly Option<string?> truth = new("--truth")
    {
        Description =
            "True sensitivities (JSON) of a simulated study: report how the scores agree with them; never used for training",
    };

    internal SourceArguments(Command command, bool withTruth = true)
    {
        command.Add(folder);
        foreach (Option option in new Option[] { run, trials, dag, target, ownFolds })
            command.Add(option);
        if (withTruth)
            command.Add(truth);
        command.Validators.Add(result =>
        {
            if (result.GetResult(folder) is not { Tokens.Count: > 0 })
                return;
            foreach (
                Option option in new Option[] { target, ownFolds }.Where(option => OptionRules.IsGiven(result, option))
            )
            {
                result.AddError(
                    $"{option.Name} is of labelled trials from outside (--trials, --dag) and does nothing for a model FOLDER."
                );
            }
        });
    }

    internal bool IsExternal(ParseResult result) => Files(result) is not null;

    /// <summary>The folder or the files as arguments of the suggested next command.</summary>
    internal string Words(ParseResult result) =>
        Files(result) is { } files
            ? $"--trials {files.Trials} --dag {files.Dag}{(result.GetValue(run) is { } own ? $" --run {own}" : "")}"
            : result.GetValue(folder)!;

    internal OpenModel Open(ParseResult result, CommandContext context) => context.Open(Folder(result));

    internal RunDirectory Run(ParseResult result)
    {
        if (result.GetValue(run) is { } given)
            return new RunDirectory(given);
        string of = Files(result) is { } files
            ? Path.GetDirectoryName(Path.GetFullPath(files.Trials))!
            : Folder(result);
        return new RunDirectory(
            Path.Combine("runs", Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(of))))
        );
    }

    /// <summary>Reads external trials that are to be fitted.</summary>
    internal LabelledStudy ReadFiles(ParseResult result, double sizeWeight)
    {
        (string trialsPath, string dagPath) = Files(result)!.Value;
        return LabelledStudy.OfFiles(
            trialsPath,
            dagPath,
            new ExternalStudyOptions(result.GetValue(target) ?? "target", sizeWeight, result.GetValue(ownFolds))
        );
    }

    /// <summary>Reads the trials that a run's fit was trained on: the model's study, or the given files, else the files
    /// that the fit names.</summary>
    internal LabelledStudy Read(
        ParseResult result,
        RunDirectory directory,
        CommandContext context,
        PredictorLoss? loss = null
    )
    {
        LabelledStudy study;
        Fit fit;
        if (IsExternal(result))
        {
            fit = FittedFiles.Main(directory, loss);
            if (fit.TrainedOn is not { Reading: { } reading } origin)
            {
                throw new FormatException(
                    $"{directory.DirectoryPath}: its fit was made of a model's own study, not of files; give "
                        + "another --run, and `q2 fit` it first."
                );
            }
            if (result.GetValue(ownFolds) && !reading.OwnFolds)
                throw new FormatException(
                    "--own-folds makes folds when they are fitted, and this fit took those of --dag. Run `q2 fit` with it."
                );
            (string trialsPath, string dagPath) = Named(result) ?? (origin.TrialsFile!, origin.GraphFile!);
            study = LabelledStudy.OfFiles(
                trialsPath,
                dagPath,
                reading with
                {
                    TargetColumn = result.GetValue(target) ?? reading.TargetColumn,
                }
            );
        }
        else
        {
            using OpenModel model = Open(result, context);
            RunIdentity.Check(model, directory);
            fit = FittedFiles.Main(directory, loss);
            study = StudyTrials.Read(model, directory, Objective.Parse(fit.Objective));
        }
        fit.RequireOf(study.Origin, directory);
        return study;
    }

    /// <summary>True sensitivities from --truth or from the graph file; null when neither has them.</summary>
    internal TrueSensitivity? Truth(ParseResult result, LabelledStudy study) =>
        result.GetValue(truth) is { } path ? TrueSensitivity.Of(ForeignJson.Read(path, byHand: true), study.Training)
        : study.TrueSensitivities is { } known ? TrueSensitivity.Of(known)
        : null;

    private string Folder(ParseResult result) =>
        result.GetValue(folder)
        ?? throw new FormatException("Give a model FOLDER, or --trials trials.csv --dag dag.json.");

    private (string Trials, string Dag)? Named(ParseResult result)
    {
        (string? csv, string? json) = (result.GetValue(trials), result.GetValue(dag));
        if (csv is null && json is null)
            return null;
        if (result.GetValue(folder) is not null)
            throw new FormatException("Give either a model FOLDER or --trials and --dag, not both.");
        return (csv ?? Beside(json!, TrialsName), json ?? Beside(csv!, GraphName));
    }

    // The given files, else those that the first fit of the run directory was trained on; null when a model folder is
    // given.
    private (string Trials, string Dag)? Files(ParseResult result)
    {
        if (Named(result) is { } named)
            return named;
        if (result.GetValue(folder) is not null || result.GetValue(run) is not { } directory)
            return null;
        return
            FittedFiles.All(new RunDirectory(directory))
                is [{ TrainedOn: { TrialsFile: { } csv, GraphFile: { } json } }, ..]
            ? (csv, json)
            : null;
    }

    private static string Beside(string path, string name) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, name);
}
