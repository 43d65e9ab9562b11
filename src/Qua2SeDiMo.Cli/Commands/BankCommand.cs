using System.CommandLine;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Spectre.Console;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 bank</c>: quantizes every weight under every option.</summary>
internal static class BankCommand
{
    internal static Command Create()
    {
        var command = new Command("bank", "Quantize every weight under all six options and keep codes and palettes");
        var model = new ModelArguments(command);
        return command.Runs(
            (result, context, cancellationToken) =>
            {
                using OpenModel loaded = model.Open(result, context);
                RunDirectory run = model.Run(result);
                QuantizerBank bank = StageTimings.Measure(
                    run,
                    "bank",
                    () => BankStage.Run(loaded, run, verify: true, context.Progress, cancellationToken)
                );
                var summary = bank
                    .Options.Select(option => new
                    {
                        Option = option.ToString(),
                        AverageBits = BitAllocation
                            .Uniform(loaded.Weights, option)
                            .AverageBits(loaded.Weights, loaded.OriginalBits),
                        SizeBytes = BitAllocation
                            .Uniform(loaded.Weights, option)
                            .SizeBytes(loaded.Weights, loaded.OriginalBits),
                        MeanError = loaded.Weights.Average(weight => bank.MeanError(weight.Name, option)),
                    })
                    .ToList();
                context.Print(
                    new
                    {
                        Bank = bank.DirectoryPath,
                        Weights = loaded.Weights.Count,
                        Options = summary,
                    },
                    _ =>
                    {
                        Table table = new Table()
                            .Border(TableBorder.Simple)
                            .AddColumns("option everywhere", "average bits", "bytes", "mean weight error");
                        foreach (var row in summary)
                            table.AddRow(
                                row.Option,
                                $"{row.AverageBits:0.000}",
                                $"{row.SizeBytes:#,0}",
                                $"{row.MeanError:0.00E+0}"
                            );
                        context.Out.Write(table);
                        context.Out.WriteLine($"{loaded.Weights.Count} weights in {bank.DirectoryPath}");
                        context.Next($"study {model.Folder(result)}");
                    }
                );
                return ExitCode.Success;
            }
        );
    }
}
