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

/// <summary>What the graph stage wrote, and how large the graphs are.</summary>
/// <param name="Name">Class of the denoiser.</param>
/// <param name="Operators">Operator calls of the program.</param>
/// <param name="Parameters">Values in the checkpoint tensors that it reads.</param>
/// <param name="Weights">Quantizable weights.</param>
/// <param name="DagNodes">Nodes of the sensitivity graph.</param>
/// <param name="DagEdges">Its edges.</param>
/// <param name="Units">Its scored subgraphs by kind.</param>
/// <param name="Files">What was written.</param>
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
    /// <summary>Scored subgraphs in all.</summary>
    public int UnitCount => Units.Values.Sum();
}

/// <summary>Writes the denoiser's program (text and ONNX) and its sensitivity graph (JSON, DOT, SVG).</summary>
internal static class GraphStage
{
    private const string Title = "Writing graphs";

    /// <summary>Writes the files into the run directory.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">Where to; a bank that is there gives <c>dag.json</c> the sizes and errors of every
    /// option.</param>
    /// <param name="withOnnx">Whether <c>graph.onnx</c> is written, which holds every weight in single
    /// precision.</param>
    /// <param name="progress">Told before each file.</param>
    /// <param name="cancellationToken">Looked at between tensors.</param>
    /// <exception cref="Q2Exception">The denoiser has no quantizable weights, or a file of the model is
    /// damaged.</exception>
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
        // One that is not known to be of these weights says nothing about them; `q2 bank` makes it known.
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
