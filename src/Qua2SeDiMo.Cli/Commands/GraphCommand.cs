using System.CommandLine;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 graph</c>: writes the denoiser's operators and its sensitivity graph to files.</summary>
internal static class GraphCommand
{
    internal static Command Create()
    {
        var command = new Command(
            "graph",
            "Write the denoiser as text and ONNX, and its sensitivity graph as JSON, DOT and SVG"
        );
        var model = new ModelArguments(command);
        var withoutOnnx = new Option<bool>("--no-onnx")
        {
            Description = "Leave out graph.onnx, which holds every weight in single precision",
        };
        command.Add(withoutOnnx);
        return command.Runs(
            (result, context, cancellationToken) =>
            {
                using OpenModel loaded = model.Open(result, context);
                GraphResult graph = GraphStage.Run(
                    loaded,
                    model.Run(result),
                    !result.GetValue(withoutOnnx),
                    context.Progress,
                    cancellationToken
                );
                context.Print(
                    graph,
                    _ =>
                    {
                        TextWriter output = context.Out.Profile.Out.Writer;
                        output.WriteLine(
                            $"{graph.Name}: {graph.Operators} operators, {graph.Parameters:#,0} parameters, "
                                + $"{graph.Weights} quantizable weights"
                        );
                        output.WriteLine(
                            $"sensitivity graph: {graph.DagNodes} nodes, {graph.DagEdges} edges, "
                                + $"{graph.UnitCount} units "
                                + $"({string.Join(", ", graph.Units.Select(kind => $"{kind.Value} {kind.Key}"))})"
                        );
                        foreach (string file in graph.Files)
                            output.WriteLine(file);
                        context.Next($"bank {model.Folder(result)}");
                    }
                );
                return ExitCode.Success;
            }
        );
    }
}
