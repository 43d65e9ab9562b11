using System.Security.Cryptography;
using System.Text;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Predictors.Import;

/// <summary>How an external study is read.</summary>
/// <param name="TargetColumn">Column of the label; larger is better. A leading minus sign negates a column in which
/// smaller is better.</param>
/// <param name="SizeWeight">λ, in label units per average bit: λ × average bits is subtracted from the label.</param>
/// <param name="OwnFolds">Whether to ignore folds that the graph lists and make new ones.</param>
public sealed record ExternalStudyOptions(string TargetColumn = "target", double SizeWeight = 0, bool OwnFolds = false);

/// <summary>
/// An external study: <c>dag.json</c> (nodes with options, edges, hop nodes, units, folds) and <c>trials.csv</c>
/// (columns <c>target</c>, <c>avg_bits</c> and <c>options</c>, one digit per weight). The layout is in docs/formats.md.
/// </summary>
/// <param name="Training">Graph, options and labels.</param>
/// <param name="Units">Scored subgraphs: listed in the graph or derived from its shape; may be empty.</param>
/// <param name="UnitsAreDerived">Whether the graph listed no units.</param>
/// <param name="Weights">Name, block, layer type and size of each weight.</param>
/// <param name="TrialNames">Name of each trial.</param>
/// <param name="TrialImages">File or folder of each trial's images; null where none is stated.</param>
/// <param name="Target">Description of the label, for instance <c>target</c> or <c>-fid - 60·average-bits</c>.</param>
/// <param name="TrueSensitivities">True sensitivities stated in the graph, [weight][option], larger is worse; null when
/// it states none.</param>
/// <param name="Fingerprint">SHA-256 over graph, trials and target.</param>
/// <param name="Notes">Remarks on the files for the user.</param>
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
    /// <summary>Largest number of trials that are read; the time of ridge regression grows with its cube.</summary>
    public const int MaximumTrials = 20_000;

    private const long MaximumFileBytes = 256L << 20;

    /// <summary>Reads the two files.</summary>
    /// <exception cref="PredictorFormatException">A file is missing, too large or malformed; the message names the
    /// line, node or field.</exception>
    public static ExternalStudy Open(string trialsPath, string dagPath, ExternalStudyOptions? options = null) =>
        Read(ReadText(dagPath, "graph (--dag)"), ReadText(trialsPath, "trials (--trials)"), options);

    /// <summary>Reads both texts.</summary>
    /// <param name="dagJson">Contents of dag.json.</param>
    /// <param name="trialsCsv">Contents of trials.csv.</param>
    /// <param name="options">Label column, size weight and folds; null for the defaults.</param>
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

    /// <summary>Reads both texts and returns only the training set.</summary>
    /// <param name="dagJson">Contents of dag.json.</param>
    /// <param name="trialsCsv">Contents of trials.csv, or null for a graph without trials.</param>
    /// <param name="targetColumn">Column of the label; larger is better.</param>
    /// <exception cref="PredictorFormatException">A field is missing or malformed.</exception>
    public static TrainingSet Parse(string dagJson, string? trialsCsv, string targetColumn = "target")
    {
        if (trialsCsv is not null)
            return Read(dagJson, trialsCsv, new ExternalStudyOptions(targetColumn)).Training;
        ExternalGraph graph = ExternalGraph.Parse(dagJson);
        return new TrainingSet(graph.Topology, graph.Features, [], graph.Names, graph.Folds);
    }

    // Trials of the same allocation must be in the same fold. Null when all allocations differ (or there are too few of
    // them); the usual folds apply then.
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
