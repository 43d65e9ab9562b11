using System.Security.Cryptography;
using System.Text;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Predictors.Import;

/// <summary>How a study from outside is read.</summary>
/// <param name="TargetColumn">Column that is the label, larger is better; a leading minus sign turns one round in which
/// smaller is better.</param>
/// <param name="SizeWeight">λ: label units taken off per average bit; 0 takes the label as it is.</param>
/// <param name="OwnFolds">Whether folds that the graph lists are put aside and new ones made.</param>
public sealed record ExternalStudyOptions(string TargetColumn = "target", double SizeWeight = 0, bool OwnFolds = false);

/// <summary>
/// Labelled trials from outside: <c>dag.json</c> (nodes with options, edges, hop nodes, units, folds) and
/// <c>trials.csv</c> (columns <c>target</c>, <c>avg_bits</c> and <c>options</c>, one digit per weight). The layout is
/// in docs/formats.md.
/// </summary>
/// <param name="Training">Graph, options and labels.</param>
/// <param name="Units">Scored subgraphs: those of the graph, or derived from its shape; may be none.</param>
/// <param name="UnitsAreDerived">Whether the graph listed no units.</param>
/// <param name="Weights">Where each weight is.</param>
/// <param name="TrialNames">What each trial is called.</param>
/// <param name="TrialImages">File or folder of each trial's images; null where none is stated.</param>
/// <param name="Target">What the label is, for instance <c>target</c> or <c>-fid - 60·average-bits</c>.</param>
/// <param name="TrueSensitivities">[weight][option] what the graph states as true, larger is worse; null when it states
/// none.</param>
/// <param name="Fingerprint">SHA-256 of graph and trials.</param>
/// <param name="Notes">What a person should know of the files.</param>
internal sealed record ExternalStudy(
    TrainingSet Training,
    IReadOnlyList<PredictorUnit> Units,
    bool UnitsAreDerived,
    IReadOnlyList<WeightPosition> Weights,
    IReadOnlyList<string> TrialNames,
    IReadOnlyList<string?> TrialImages,
    string Target,
    IReadOnlyList<IReadOnlyList<double>>? TrueSensitivities,
    string Fingerprint,
    IReadOnlyList<string> Notes
)
{
    /// <summary>The most trials that are read; ridge regression's time grows with their cube.</summary>
    public const int MaximumTrials = 20_000;

    private const long MaximumFileBytes = 256L << 20;

    /// <summary>Reads the two files.</summary>
    /// <exception cref="PredictorFormatException">A file is missing, too large or malformed; the message names line,
    /// node or field.</exception>
    public static ExternalStudy Open(string trialsPath, string dagPath, ExternalStudyOptions? options = null) =>
        Read(ReadText(dagPath, "graph (--dag)"), ReadText(trialsPath, "trials (--trials)"), options);

    /// <summary>Reads both texts.</summary>
    /// <param name="dagJson">Contents of dag.json.</param>
    /// <param name="trialsCsv">Contents of trials.csv.</param>
    /// <param name="options">What is the label.</param>
    /// <exception cref="PredictorFormatException">A field is missing or malformed.</exception>
    public static ExternalStudy Read(string dagJson, string trialsCsv, ExternalStudyOptions? options = null)
    {
        options ??= new ExternalStudyOptions();
        if (!double.IsFinite(options.SizeWeight))
            throw new PredictorFormatException(
                $"The weight of size is {options.SizeWeight}; expected a finite number."
            );
        ExternalGraph graph = ExternalGraph.Parse(dagJson);
        ExternalTrials table = ExternalTrials.Parse(
            trialsCsv,
            graph.Features,
            graph.Names,
            options.TargetColumn,
            MaximumTrials
        );
        var notes = new List<string>([.. graph.Notes, .. table.Notes]);
        if (options.OwnFolds && graph.Folds is not null)
            notes.Add("The folds that the graph lists were put aside.");
        if (!options.OwnFolds)
            graph.CheckFolds(table.Trials.Count);
        PredictorTrial[] trials =
        [
            .. table.Trials.Select(trial =>
                trial with
                {
                    Target = trial.Target - (options.SizeWeight * trial.AverageBits),
                }
            ),
        ];
        IReadOnlyList<IReadOnlyList<int>>? folds =
            options.OwnFolds || graph.Folds is null ? KeepTogether(trials) : graph.Folds;
        string target =
            options.SizeWeight == 0
                ? options.TargetColumn
                : FormattableString.Invariant($"{options.TargetColumn} - {options.SizeWeight:0.###}·average-bits");
        string fingerprint = Convert.ToHexStringLower(
            SHA256.HashData(Encoding.UTF8.GetBytes($"{dagJson.Length}\n{dagJson}{trialsCsv}\n{target}"))
        );
        return new ExternalStudy(
            new TrainingSet(graph.Topology, graph.Features, trials, graph.Names, folds),
            graph.Units,
            graph.UnitsAreDerived,
            graph.Weights,
            table.Names,
            table.Images,
            target,
            graph.TrueSensitivities,
            fingerprint,
            notes
        );
    }

    /// <summary>Reads both texts for the study alone.</summary>
    /// <param name="dagJson">Contents of dag.json.</param>
    /// <param name="trialsCsv">Contents of trials.csv, or null for a graph without trials.</param>
    /// <param name="targetColumn">Which column is the label, larger is better.</param>
    /// <exception cref="PredictorFormatException">A field is missing or malformed.</exception>
    public static TrainingSet Parse(string dagJson, string? trialsCsv, string targetColumn = "target")
    {
        if (trialsCsv is not null)
            return Read(dagJson, trialsCsv, new ExternalStudyOptions(targetColumn)).Training;
        ExternalGraph graph = ExternalGraph.Parse(dagJson);
        return new TrainingSet(graph.Topology, graph.Features, [], graph.Names, graph.Folds);
    }

    // Trials of one allocation must not be split over training and test. Null where all allocations differ: the usual
    // folds then do.
    private static int[][]? KeepTogether(PredictorTrial[] trials)
    {
        int[][] groups =
        [
            .. Enumerable
                .Range(0, trials.Length)
                .GroupBy(t => string.Join(' ', trials[t].Options))
                .Select(group => group.ToArray()),
        ];
        if (groups.Length == trials.Length || groups.Length < CrossValidation.FoldCount)
            return null;
        return
        [
            .. FoldBorders
                .Split(groups.Length, CrossValidation.FoldCount, seed: 0)
                .Select(fold => fold.SelectMany(g => groups[g]).Order().ToArray()),
        ];
    }

    private static string ReadText(string path, string what)
    {
        try
        {
            using var reader = new StreamReader(
                new MemoryStream(RegularFile.ReadAllBytes(path, MaximumFileBytes)),
                Encoding.UTF8
            );
            return reader.ReadToEnd();
        }
        catch (InputFileException error)
        {
            throw new PredictorFormatException($"{error.Message} It is the study's {what}.", error);
        }
    }
}
