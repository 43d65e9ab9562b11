using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Reports.Charts;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Stages;

/// <summary>Sizes of the graphs and the files that were written.</summary>
/// <param name="Name">Class of the denoiser.</param>
/// <param name="Operators">Number of operator calls in the denoiser's graph.</param>
/// <param name="Parameters">Number of values in the checkpoint tensors that the graph reads.</param>
/// <param name="Weights">Number of quantizable weights.</param>
/// <param name="DagNodes">Number of nodes of the sensitivity graph.</param>
/// <param name="DagEdges">Number of edges of the sensitivity graph.</param>
/// <param name="Units">Number of units by kind.</param>
/// <param name="Files">Paths of the written files.</param>
internal sealed record GraphResult(
    string Name,
    int Operators,
    long Parameters,
    int Weights,
    int DagNodes,
    int DagEdges,
    IReadOnlyDictionary<string, int> Units,
    IReadOnlyList<string> Files
)
{
    /// <summary>Number of all units.</summary>
    public int UnitCount => Units.Values.Sum();
}

/// <summary>Writes the denoiser's graph (text and ONNX) and its sensitivity graph (JSON, DOT, SVG).</summary>
internal static class GraphStage
{
    private const string Title = "Writing graphs";

    /// <summary>Writes the files into the run directory.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory to write to. If it has a bank of this model, <c>dag.json</c> contains size
    /// and error of every option.</param>
    /// <param name="withOnnx">Whether to write <c>graph.onnx</c>, which contains every weight in single
    /// precision.</param>
    /// <param name="progress">Receives the progress before each file.</param>
    /// <param name="cancellationToken">Checked between files and between tensors.</param>
    /// <exception cref="Q2Exception">The denoiser has no quantizable weights, a file of the model is damaged, or the
    /// run directory cannot be used.</exception>
    public static GraphResult Run(
        OpenModel model,
        RunDirectory run,
        bool withOnnx = true,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(run);
        Preflight.Graph(model, run, withOnnx);
        RunIdentity.Claim(model, run, withPipeline: false, progress, cancellationToken);
        Graph graph = model.Graph;
        OperationGraph dag = model.Operations;
        DirectedGraphData drawing = Drawing(dag);
        (string Path, Action<string> Write)[] all =
        [
            (run.GraphText, path => AtomicFile.WriteText(path, GraphText.Write(graph))),
            (
                run.DagJson,
                path => AtomicFile.WriteText(path, DagText.Json(dag, model.OriginalBits, Options(dag, model, run)))
            ),
            (run.DagDot, path => AtomicFile.WriteText(path, DotText.Write(drawing))),
            (run.DagSvg, path => AtomicFile.WriteText(path, SvgDirectedGraph.Draw(drawing))),
            (run.GraphOnnx, path => OnnxWriter.Write(graph, model.Tensors, path, cancellationToken: cancellationToken)),
        ];
        (string Path, Action<string> Write)[] files = withOnnx
            ? all
            : [.. all.Where(file => file.Path != run.GraphOnnx)];
        for (int i = 0; i < files.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Report(new StageProgress(Title, i, files.Length, Path.GetFileName(files[i].Path)));
            files[i].Write(files[i].Path);
        }
        progress?.Report(new StageProgress(Title, files.Length, files.Length));
        return new GraphResult(
            graph.Name,
            graph.Nodes.Count,
            graph.Initializers.OfType<Initializer.FromTensor>().Sum(initializer => initializer.ElementCount),
            graph.Weights.Count,
            dag.Nodes.Count,
            dag.Edges.Count,
            dag.Units.GroupBy(unit => unit.Kind.ToString()).ToDictionary(group => group.Key, group => group.Count()),
            [.. files.Select(file => file.Path)]
        );
    }

    private static DirectedGraphData Drawing(OperationGraph dag) =>
        new(
            dag.Name,
            [
                .. dag.Nodes.Select(node => new DirectedGraphNode(
                    node.Name,
                    node.Position.BlockName.Length == 0 && node.Kind == OperationKind.Weight
                        ? node.Name
                        : node.Position.LayerType,
                    node.Kind.Text(),
                    node.Position.BlockName
                )),
            ],
            dag.Edges
        );

    private static IReadOnlyList<IReadOnlyList<DagOption>>? Options(
        OperationGraph dag,
        OpenModel model,
        RunDirectory run
    )
    {
        if (!File.Exists(Path.Combine(run.Bank, QuantizerBankFile.ManifestName)))
            return null;
        QuantizerBank bank = QuantizerBank.Open(run.Bank);
        // A bank not known to be made from these weights is ignored; `q2 bank` checks and records it.
        if (bank.Checkpoint != model.DenoiserFingerprint().Hex)
            return null;
        OptionFeatures features = TopologyBuilder.Features(dag, bank, model.OriginalBits);
        return
        [
            .. dag.Weights.Select(
                (_, weight) =>
                    (IReadOnlyList<DagOption>)
                        [
                            .. bank.Options.Select(
                                (option, o) =>
                                    new DagOption(
                                        option.ToString(),
                                        features.OriginalBytes(weight),
                                        features.QuantizedBytes(weight, o),
                                        features.Error(weight, o)
                                    )
                            ),
                        ]
            ),
        ];
    }
}
