using System.CommandLine;
using Spectre.Console;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 inspect</c>: what is in a folder, from its headers alone.</summary>
internal static class InspectCommand
{
    internal static Command Create()
    {
        var folder = new Argument<string>("FOLDER") { Description = "A diffusers pipeline folder (with model_index.json)" };
        return new Command("inspect", "Show the components, parameters and quantizable weights of a model folder") { folder }
            .Runs((result, context, _) =>
            {
                var model = Models.ModelFolder.Open(result.GetRequiredValue(folder));
                context.Print(model.Components.Values, _ => context.Out.WriteLine(model.PipelineClass));
                return ExitCode.Success;
            });
    }
}
