using System.CommandLine;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Stages;
using Spectre.Console;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 inspect</c>: shows the content of a model folder, reading only the headers of its weight
/// files.</summary>
internal static class InspectCommand
{
    internal static Command Create()
    {
        var command = new Command(
            "inspect",
            "Show components, parameters and quantizable weights of a model folder (reads headers only)"
        );
        var model = new ModelArguments(command, withRun: false);
        return command.Runs(
            (result, context, _) =>
            {
                using OpenModel loaded = model.Open(result, context);
                context.Print(InspectStage.Run(loaded), summary => Show(summary, context.Out));
                if (!context.Json)
                    context.Next($"run {model.Folder(result)}");
                return ExitCode.Success;
            }
        );
    }

    private static void Show(InspectResult summary, IAnsiConsole output)
    {
        output.WriteLine($"{summary.Name}: {summary.PipelineClass}");
        if (summary.Obstacle is not null)
            output.WriteLine($"No pictures can be made from it: {summary.Obstacle}");
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns("component", "class", "parameters", "bytes", "stored as");
        foreach (ComponentSummary component in summary.Components)
        {
            table.AddRow(
                component.Name,
                component.ClassName,
                $"{component.Parameters:#,0}",
                $"{component.StoredBytes:#,0}",
                string.Join(", ", component.ElementTypes)
            );
        }
        output.Write(table);
        TextWriter lines = output.Profile.Out.Writer;
        if (summary.UnreadKeys.Count > 0)
            lines.WriteLine($"model_index.json: not read: {string.Join(", ", summary.UnreadKeys)}");
        if (summary.UnreadFiles.Count > 0)
            lines.WriteLine($"files that are not read: {string.Join(", ", summary.UnreadFiles)}");
        foreach (
            ComponentReview review in summary.Components.Select(component => component.Review).OfType<ComponentReview>()
        )
            Show(review, lines);
        QuantizableSummary quantizable = summary.Quantizable;
        output.WriteLine(
            $"{quantizable.ClassName}: {quantizable.Weights} quantizable weights, {quantizable.Parameters:#,0} parameters, "
                + $"{quantizable.SizeBytes:#,0} bytes at {quantizable.OriginalBits} bits; {quantizable.Allocations} "
                + "allocations of six options."
        );
    }

    private static void Show(ComponentReview review, TextWriter output)
    {
        if (review.FileClassName is { } own)
            output.WriteLine(
                $"{review.Component}: its own file names {own}; it is opened as {review.ClassName}, as model_index.json says"
            );
        if (review.UnreadKeys.Count > 0)
            output.WriteLine($"{review.Component}: keys that are not read: {string.Join(", ", review.UnreadKeys)}");
        if (review.UnreadTensors.Count > 0)
            output.WriteLine(
                $"{review.Component}: tensors that are not read: {string.Join(", ", review.UnreadTensors)}"
            );
        if (review.UnreadFiles.Count > 0)
            output.WriteLine($"{review.Component}: files that are not read: {string.Join(", ", review.UnreadFiles)}");
        foreach (string correction in review.Corrections)
            output.WriteLine(correction);
        if (review.Refusal is { } refusal)
            output.WriteLine($"{review.Component}: cannot be used: {refusal}");
    }
}
