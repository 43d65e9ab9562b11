using System.Globalization;
using Qua2SeDiMo.Benchmarks;

// quantizers [threads]                       one large layer under each method
// block-scores GOLDEN [OUTPUT.json]          every option combination of every unit of published graphs
// bank DESCRIPTION.json FOLDER [threads]     the bank of a described model at full size; the folder is left behind
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int threads = int.TryParse(args.LastOrDefault(), out int given) ? given : Environment.ProcessorCount;
switch (args.FirstOrDefault())
{
    case "quantizers":
        Console.WriteLine(Measurement.Header);
        foreach (Measurement measurement in QuantizerBenchmark.Run(threads)) Console.WriteLine(measurement.Row);
        return 0;
    case "bank" when args.Length >= 3:
        BankBenchmark.Run(args[1], args[2], threads);
        return 0;
    case "block-scores" when args.Length >= 2:
        BlockScoreBenchmark.Run(args[1], args.ElementAtOrDefault(2));
        return 0;
    default:
        Console.Error.WriteLine("quantizers [threads] | block-scores GOLDEN [OUTPUT.json] | bank DESCRIPTION.json FOLDER [threads]");
        return 2;
}
