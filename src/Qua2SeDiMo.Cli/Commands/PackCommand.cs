using System.CommandLine;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Stages;
using Spectre.Console;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 pack</c>: the smaller model on disk.</summary>
internal static class PackCommand
{
    internal static Command Create()
    {
        var command = new Command("pack", "Write the model with packed codes and palettes; `q2 generate` runs from it alone");
        var model = new ModelArguments(command);
        var bits = new Option<double?>("--plan") { Description = "Average bits of the plan to pack, as asked for in `q2 plan`; default: the largest" };
        var allocation = new Option<string?>("--allocation") { Description = "Pack the allocation of this JSON file (weight name to option) instead of a plan" };
        var output = new Option<string?>("--out") { Description = "Folder to write; default: packed/ in the run directory" };
        command.Add(bits);
        command.Add(allocation);
        command.Add(output);
        return command.Runs((result, context, cancellationToken) =>
        {
            using LoadedModel loaded = model.Open(result);
            RunDirectory run = model.Run(result);
            (BitAllocation chosen, JsonObject origin) = result.GetValue(allocation) is { } file
                ? (BitAllocation.FromJson(File.ReadAllText(file)), new JsonObject { ["allocation"] = Path.GetFileName(file) })
                : PackStage.FromPlan(PlanRecord.Read(run), result.GetValue(bits));
            PackedModelSummary summary = StageTimings.Measure(run, "pack", () =>
                PackStage.Run(loaded, run, chosen, result.GetValue(output) ?? run.Packed, origin, context.Progress, cancellationToken));
            context.Print(summary, _ => Show(summary, loaded, context.Out));
            if (!context.Json) context.Next($"generate {summary.DirectoryPath} --prompt \"…\"");
            return ExitCode.Success;
        });
    }

    internal static void Show(PackedModelSummary summary, LoadedModel loaded, IAnsiConsole output)
    {
        long original = loaded.Tensors.Tensors.Values.Sum(tensor => tensor.SizeBytes);
        output.WriteLine($"{summary.DirectoryPath}: {summary.FileBytes:#,0} bytes for the denoiser, {original / (double)summary.FileBytes:0.00} times smaller than {original:#,0}; "
            + $"{summary.AverageBits:0.000} average bits, {summary.QuantizedBytes:#,0} bytes quantized and {summary.RestBytes:#,0} at full precision.");
    }
}
