using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Storage;
using Qua2SeDiMo.Studies.Sampling;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Cost of one configuration, measured in a separate process.</summary>
/// <param name="LoadSeconds">From the start of loading to the end of the first run.</param>
/// <param name="SecondsPerImage">Median of the later runs.</param>
/// <param name="PeakBytes">Largest resident memory of the process.</param>
internal sealed record EndToEndRun(double LoadSeconds, double SecondsPerImage, long PeakBytes);

/// <summary>One row of the results.</summary>
/// <param name="Model">Pipeline or description.</param>
/// <param name="Configuration">fp32, packed W4, packed mixed, packed mixed A8.</param>
/// <param name="ImagesPerMinute">60 over <paramref name="SecondsPerImage"/>.</param>
/// <param name="SecondsPerImage">Median over three processes of the median of each one's runs after the first. For a
/// described denoiser, the time of one step for one image.</param>
/// <param name="PeakMebibytes">Largest resident memory of the process.</param>
/// <param name="ReadySeconds">From the start of loading to the end of the first run.</param>
internal sealed record EndToEndRow(
    string Model,
    string Configuration,
    double ImagesPerMinute,
    double SecondsPerImage,
    long PeakMebibytes,
    double ReadySeconds
);

/// <summary>
/// Images per minute and peak memory of whole models: in single precision, packed at 4 bits, packed at 3.75 average
/// bits, and the last with 8-bit activations. Configurations run alternately, each in separate processes. Pipelines run
/// 20 steps with guidance in batches of 4; described denoisers, with random weights, run one step for one image.
/// </summary>
internal static class EndToEndBenchmark
{
    private const string Uniform = "uaq-4";
    private const double MixedBits = 3.75;
    private const int Rounds = 3;
    private const int TextTokens = 120;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Creates missing models in the work folder, runs every configuration in a new process and writes the
    /// results.</summary>
    /// <param name="output">JSON file.</param>
    /// <param name="work">Folder for banks and packed models, which is kept, so that a second call only
    /// measures.</param>
    /// <param name="models">Pipeline folders, or descriptions of released denoisers (JSON), which get random
    /// weights.</param>
    internal static void Run(string output, string work, string[] models)
    {
        var rows = new List<EndToEndRow>();
        foreach (string given in models)
        {
            string folder = given.EndsWith(".json", StringComparison.Ordinal) ? MakeFullSize(given, work) : given;
            string name = Path.GetFileNameWithoutExtension(given);
            (string uniform, string mixed) = Pack(folder, Path.Combine(work, name));
            (string Configuration, string Model, string Bits)[] all =
            [
                ("fp32", folder, "-"),
                ("packed W4", uniform, "-"),
                ("packed mixed", mixed, "-"),
                ("packed mixed A8", mixed, "8"),
            ];
            // Configurations alternate, so that a machine that slows down does not favour the first one.
            EndToEndRun[][] runs =
            [
                .. Enumerable
                    .Range(0, Rounds)
                    .Select(_ =>
                        all.Select(one =>
                                JsonSerializer.Deserialize<EndToEndRun>(
                                    FreshProcess.Run("end-to-end-run", one.Model, one.Bits),
                                    Json
                                )!
                            )
                            .ToArray()
                    ),
            ];
            for (int i = 0; i < all.Length; i++)
            {
                double seconds = Median(i, run => run.SecondsPerImage),
                    ready = Median(i, run => run.LoadSeconds);
                long peak = runs.Max(round => round[i].PeakBytes) / (1 << 20);
                Console.WriteLine(
                    $"{name}, {all[i].Configuration}: {60 / seconds:0.00} images a minute "
                        + $"({string.Join(", ", runs.Select(round => (60 / round[i].SecondsPerImage).ToString("0.00")))}), "
                        + $"peak {peak} MiB, ready after {ready:0.0} s"
                );
                rows.Add(
                    new EndToEndRow(
                        name,
                        all[i].Configuration,
                        Math.Round(60 / seconds, 3),
                        Math.Round(seconds, 4),
                        peak,
                        Math.Round(ready, 2)
                    )
                );
            }

            double Median(int index, Func<EndToEndRun, double> value) =>
                runs.Select(round => value(round[index])).Order().ElementAt(Rounds / 2);
        }
        ResultFile.Write(output, rows);
    }

    /// <summary>Measures one configuration in this process and writes the result to standard output.</summary>
    internal static void Measure(string folder, string bits)
    {
        int? activationBits = int.TryParse(bits, CultureInfo.InvariantCulture, out int given) ? given : null;
        long start = Stopwatch.GetTimestamp();
        using OpenModel model = OpenModel.Open(folder);
        PaletteSource? codes = model.Codes;
        PipelineParts parts = model.Parts(
            new InferenceOptions(),
            ActivationAllocation.Everywhere(activationBits),
            codes
        );
        EndToEndRun run = model.Folder.Components.Count == 1 ? Step(model, parts, start) : Images(model, parts, start);
        Console.WriteLine(JsonSerializer.Serialize(run, Json));
    }

    private static EndToEndRun Images(OpenModel model, PipelineParts parts, long start)
    {
        const int batch = 4,
            batches = 5;
        var request = new GenerationRequest
        {
            StepCount = 20,
            GuidanceScale = 4.5,
            BatchSize = batch,
        };
        using var pipeline = new DiffusionPipeline(parts, model.Tensors);
        EncodedPrompts prompts = pipeline.Encode(
            ["red apple, flat emoji", "blue house, flat emoji", "green tree, flat emoji", "yellow star, flat emoji"],
            request
        );
        return Timed(start, batches, batch, () => pipeline.Generate(prompts, new SeededNoise([1, 2, 3, 4]), request));
    }

    private static EndToEndRun Step(OpenModel model, PipelineParts parts, long start)
    {
        const int steps = 5;
        int size = model.Folder.Denoiser.ReadConfig().Int("sample_size", 64);
        Graph graph = parts.DenoiserGraph(size, size);
        using var denoiser = new InferenceModel(graph, model.Tensors, parts.Inference);
        Dictionary<string, TensorValue> inputs = RandomInputs.Of(graph, 1, TextTokens, seed: 1);
        return Timed(start, steps, 1, () => denoiser.Run(inputs));
    }

    private static EndToEndRun Timed(long start, int repetitions, int images, Action work)
    {
        work();
        double load = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double[] seconds = new double[repetitions];
        for (int i = 0; i < repetitions; i++)
        {
            long before = Stopwatch.GetTimestamp();
            work();
            seconds[i] = Stopwatch.GetElapsedTime(before).TotalSeconds / images;
        }
        Array.Sort(seconds);
        using Process process = Process.GetCurrentProcess();
        return new EndToEndRun(load, seconds[repetitions / 2], process.PeakWorkingSet64);
    }

    /// <summary>Writes a pipeline folder with only a described denoiser and random weights, unless it is there.</summary>
    internal static string MakeFullSize(string description, string work)
    {
        string folder = Path.Combine(work, Path.GetFileNameWithoutExtension(description), "model"),
            index = Path.Combine(folder, "model_index.json");
        if (File.Exists(index))
            return folder;
        RandomModelSpec spec = RandomModelSpec.Read(description);
        string className = (string)spec.Config["_class_name"]!,
            component = className.StartsWith("UNet", StringComparison.Ordinal) ? "unet" : "transformer";
        RandomModelWriter.Write(spec, Path.Combine(folder, component));
        AtomicFile.WriteText(
            index,
            new JsonObject
            {
                ["_class_name"] = "Denoiser",
                [component] = new JsonArray("diffusers", className),
            }.ToJsonString()
        );
        return folder;
    }

    private static (string Uniform, string Mixed) Pack(string folder, string work)
    {
        string uniform = Path.Combine(work, "uniform"),
            mixed = Path.Combine(work, "mixed");
        if (Directory.Exists(uniform) && Directory.Exists(mixed))
            return (uniform, mixed);
        using OpenModel model = OpenModel.Open(folder);
        var run = new RunDirectory(Path.Combine(work, "run"));
        BitAllocation drawn = new FixedSizeAllocationSampler(
            new AllocationSpace(model.Weights, model.OriginalBits),
            MixedBits,
            seed: 0
        )
            .Sample(0)
            .WithTies(model.Weights);
        PackStage.Run(
            model,
            run,
            BitAllocation.Uniform(model.Weights, QuantizerSpec.PaperOptions.First(spec => spec.ToString() == Uniform)),
            uniform,
            null
        );
        PackStage.Run(model, run, drawn, mixed, null);
        return (uniform, mixed);
    }
}
