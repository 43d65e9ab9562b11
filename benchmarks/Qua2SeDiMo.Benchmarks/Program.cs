using System.Globalization;
using Qua2SeDiMo.Benchmarks;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["quantizers", string output, .. string[] rest]
        when !int.TryParse(output, CultureInfo.InvariantCulture, out _):
        ResultFile.Write(output, [.. QuantizerBenchmark.Run(Threads(rest, 0))]);
        return 0;
    case ["quantizers", .. string[] rest]:
        Console.WriteLine(Measurement.Header);
        foreach (Measurement measurement in QuantizerBenchmark.Run(Threads(rest, 0)))
            Console.WriteLine(measurement.Row);
        return 0;
    case ["bank", string description, string folder, .. string[] rest]:
        string? result = rest.FirstOrDefault(text => text.EndsWith(".json", StringComparison.Ordinal));
        BankResult made = BankBenchmark.Run(
            description,
            folder,
            Threads([.. rest.Where(text => int.TryParse(text, CultureInfo.InvariantCulture, out _))], 0),
            rest.Contains("--largest")
        );
        Console.WriteLine(made);
        if (result is not null)
            ResultFile.Write(result, [made]);
        return 0;
    case ["bank-model", string description, string folder]:
        BankBenchmark.WriteModel(description, folder);
        return 0;
    case ["block-scores", string golden, .. string[] rest]:
        BlockScoreBenchmark.Run(golden, rest.FirstOrDefault());
        return 0;
    case ["learning-curve", string output, string study]:
        ResultFile.Write(output, LearningCurve.OfSimulation(new SimulatedStudy(study)));
        return 0;
    case ["learning-curve", string output, string model, string run, string metric]:
        ResultFile.Write(output, LearningCurve.OfRun(model, run, metric));
        return 0;
    case ["samplers", string output, string study]:
        ResultFile.Write(output, SamplerComparison.OfSimulation(new SimulatedStudy(study)));
        return 0;
    case ["samplers", string output, string metric, string random, .. string[] front] when front.Length > 0:
        ResultFile.Write(output, SamplerComparison.OfRuns(metric, random, front));
        return 0;
    case ["allocation", string golden, .. string[] rest]:
        AllocationBenchmark.Run(golden, rest.FirstOrDefault());
        return 0;
    case ["early-stopping", string study, string output]:
        ResultFile.Write(output, EarlyStoppingBenchmark.Run(study));
        return 0;
    case ["predictor", string study, .. string[] rest]:
        PredictorBenchmark.Run(
            study,
            rest.FirstOrDefault(),
            rest.Length > 1 ? int.Parse(rest[1]) : Environment.ProcessorCount
        );
        return 0;
    case ["proposers", string output, string study]:
        ResultFile.Write(output, ProposerComparison.OfSimulation(study));
        return 0;
    case ["proposers", string output, string model, string run]:
        ResultFile.Write(output, ProposerComparison.OfRun(model, run));
        return 0;
    case ["end-to-end", string output, string work, .. string[] models] when models.Length > 0:
        EndToEndBenchmark.Run(output, work, models);
        return 0;
    case ["end-to-end-run", string model, string bits]:
        EndToEndBenchmark.Measure(model, bits);
        return 0;
    case ["matmul", string output, .. string[] rest]:
        ResultFile.Write(
            output,
            MatMulBenchmark.Run(
                int.TryParse(rest.FirstOrDefault(), CultureInfo.InvariantCulture, out int given)
                    ? given
                    : Environment.ProcessorCount,
                rest.Contains("--quick")
            )
        );
        return 0;
    case ["matmul-turns", string output, string before, string after, .. string[] rest]:
        ResultFile.Write(output, MatMulTurns.Run(before, after, rest.FirstOrDefault() ?? ""));
        return 0;
    case ["methods", string output, string model, string probes, string work]:
        ResultFile.Write(output, MethodComparison.Run(model, probes, work));
        return 0;
    case ["step-groups", string output, string model, string run]:
        ResultFile.Write(output, StepGroups.Run(model, run));
        return 0;
    case ["reverse-pass", string output, string work, .. string[] models] when models.Length > 0:
        ReversePassBenchmark.Run(output, work, models);
        return 0;
    case ["reverse-pass-bank", string model, string run]:
        ReversePassBenchmark.MakeBank(model, run);
        return 0;
    case ["reverse-pass-turns", string model, string batch]:
        ReversePassBenchmark.MeasureTurns(model, int.Parse(batch));
        return 0;
    case ["reverse-pass-states", string model, string batch, string run, string states]:
        ReversePassBenchmark.MeasureStates(model, int.Parse(batch), run, int.Parse(states));
        return 0;
    case ["one-call", string output, .. string[] models] when models.Length > 0:
        OneCallBenchmark.Run(output, models);
        return 0;
    case ["micro", string folder]:
        MicroBenchmarks.Run(folder);
        return 0;
    default:
        Console.Error.WriteLine(
            """
            quantizers [OUT.json] [THREADS]              one large layer under each method, with the targets
            bank DESCRIPTION.json FOLDER [OUT.json] [THREADS]  the bank of a described model at full size; the folder is left behind
            matmul OUT.json [THREADS] [--quick]          products and convolutions with packed weights beside ONNX Runtime's operators
            matmul-turns OUT.json BEFORE.dll AFTER.dll [ONLY]  products and convolutions of two builds of this program, call by call in turns
            methods OUT.json MODEL PROBES.json WORK      measured sensitivity beside the published method at equal work: probes, trials, plans
            step-groups OUT.json MODEL RUN               weights of their own for early and late steps, at equal bytes, by a measured run
            micro FOLDER                                 single steps with their allocations, by BenchmarkDotNet
            block-scores GOLDEN [OUT.json]               every option combination of every unit of published graphs
            allocation GOLDEN [OUT.json]                 from trained folds to exact allocations and fronts, op and block level
            predictor STUDY [OUT.json [THREADS]]         an epoch of training on golden/predictor/study beside the rate of plain products
            early-stopping STUDY OUT.json                what early stopping costs and saves, two seeds of five folds
            learning-curve OUT.json STUDY                rank quality by number of trials, on a simulated study (dag.json, truth.json)
            learning-curve OUT.json MODEL RUN METRIC     the same on the trials of a run
            samplers OUT.json STUDY                      random trials against trials near the predicted front, on a simulated study
            samplers OUT.json METRIC RANDOM FRONT...     the same on runs: parts of one with random trials against runs near the front
            proposers OUT.json STUDY                     plans of all proposers at equal size, by their true quality on a simulated study
            proposers OUT.json MODEL RUN                 the same by the images of a model with a fitted run
            reverse-pass OUT.json WORK MODEL[:ROWS[:STATES]]...  a call beside a reverse pass, and states with all options: time and memory
            one-call OUT.json MODEL...                   one-call probes by whole calls and with reuse of what lies before the weight
            end-to-end OUT.json WORK MODEL...            images per minute and memory of pipelines (folders) and of denoisers (descriptions), packed and not
            """
        );
        return 2;
}

static int Threads(string[] rest, int at) => rest.Length > at ? int.Parse(rest[at]) : Environment.ProcessorCount;
