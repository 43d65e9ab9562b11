using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Images;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Reports;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Tests.Reports;

/// <summary>
/// A report with invented but plausible figures for the bundled model's real weights and images, to test the drawings.
/// </summary>
internal static class SampleReport
{
    private static readonly ObjectiveReliability[] Reliabilities =
    [
        Reliability(StudyMetric.Psnr, 0.87),
        Reliability(StudyMetric.Ssim, 0.91),
        Reliability(StudyMetric.ClipCosine, 0.8),
        Reliability(StudyMetric.Frechet, 0.38),
        Reliability(StudyMetric.Kid, 0.31),
        Reliability(StudyMetric.ClipScore, 0.44),
    ];

    public static ReportData Make()
    {
        using SafetensorsFile pictures = SafetensorsFile.Open(
            RepositoryFiles.Models("emoji-pixart/trials/images.safetensors")
        );
        var random = new Pcg32(7, 1);
        QuantizableWeight[] weights = ModelWeights();
        Dictionary<string, double> sensitivity = weights.ToDictionary(w => w.Name, w => Sensitivity(w.Name, random));
        ReportData shell = Shell(weights, sensitivity, random);
        TrialData[] trials = [.. Enumerable.Range(0, 64).Select(i => Trial(i, weights, sensitivity, random))];
        PlanEntry[] entries = [.. Entries(weights, sensitivity, random)];
        return shell with
        {
            Trials = trials,
            Plan = new Plan("ssim", ModelNames.Ridge, "its plans measured best.", entries),
            EffectiveBits = entries
                .Where(entry => entry.Kind == PlanKind.Plan)
                .ToDictionary(entry => entry.Key, entry => entry.AverageBits + 0.31),
            Fit = new Fit("ssim", new PredictorOptions(), FitOf(trials, random)),
            Images = Images(pictures),
        };
    }

    private static ReportData Shell(QuantizableWeight[] weights, Dictionary<string, double> sensitivity, Pcg32 random)
    {
        WeightPosition[] positions = Positions(weights);
        WeightScores[] scores = [.. weights.Select(weight => Scores(weight, sensitivity[weight.Name], random))];
        string[] options = [.. QuantizerSpec.PaperOptions.Select(option => option.ToString())];
        var ridge = new SensitivityResult(ModelNames.Ridge, options, scores, [], 5, 0.8, 0.5);
        return new ReportData
        {
            Run = Run(weights),
            Objective = "ssim",
            Reliabilities = Reliabilities,
            Weights = positions,
            Explanation = new SensitivityRecord(
                "ssim",
                ModelNames.Ridge,
                positions,
                ridge,
                null,
                null,
                ["Ridge regression decides."]
            ),
            Notes = ["The plans were chosen from trials of the same 32 prompts on which they are scored."],
        };
    }

    private static RunData Run(QuantizableWeight[] weights) =>
        new()
        {
            ModelName = "emoji-pixart",
            ModelClass = "PixArtTransformer2DModel",
            Folder = "models/emoji-pixart",
            ParameterCount = 3_936_832,
            QuantizableBytes = weights.Sum(w => w.ElementCount) * 2,
            OriginalBits = 16,
            ImageCount = 32,
            StepCount = 10,
            GuidanceScale = 3,
            Prompts =
            [
                .. Enumerable
                    .Range(0, 32)
                    .Select(i => $"{(i % 2 == 0 ? "hamster" : "person in lotus position")} {i}, fluent emoji"),
            ],
            Seeds = "42 + image index",
            CreatedAt = new DateTimeOffset(2026, 11, 23, 8, 0, 0, TimeSpan.Zero),
            Command = "./q2 run models/emoji-pixart",
            Facts =
            [
                new("Processor", "x86-64, 2 cores, AVX2"),
                new("Memory", "peak 1.2 GB"),
                new("Qua2SeDiMo", "0.1.0"),
                new("ONNX Runtime", "1.31.1"),
                new(".NET", "10.0"),
            ],
            Stages =
            [
                new("graph", TimeSpan.FromSeconds(1.2), "ONNX of denoiser, text encoder, decoder"),
                new("bank", TimeSpan.FromSeconds(6.4), "67 weights × 6 options"),
                new("study", TimeSpan.FromSeconds(241), "64 trials × 32 images"),
                new("fit", TimeSpan.FromSeconds(38), "5 folds"),
                new("explain", TimeSpan.FromSeconds(0.8), ""),
                new("plan", TimeSpan.FromSeconds(47), "3 plans, 10 baselines verified"),
                new("pack", TimeSpan.FromSeconds(0.4), "3 folders"),
            ],
        };

    private static WeightPosition[] Positions(QuantizableWeight[] weights)
    {
        var paths = new ModulePositions(weights.Select(weight => weight.Name));
        IReadOnlyList<NodePosition> numbered = ModulePositions.Number([
            .. weights.Select(weight => paths.OfWeight(weight.Name)),
        ]);
        return
        [
            .. weights.Zip(
                numbered,
                (weight, at) => new WeightPosition(weight.Name, at.BlockName, at.LayerType, weight.ElementCount)
            ),
        ];
    }

    private static WeightScores Scores(QuantizableWeight weight, double sensitivity, Pcg32 random)
    {
        double[] scores =
        [
            .. QuantizerSpec.PaperOptions.Select(option => (Loss(option) * -3 * sensitivity) + 1 + Noise(random, 0.12)),
        ];
        double[] deviations = [.. scores.Select(_ => 0.05 + (0.2 * random.NextDouble()))];
        double drop = scores.Where((_, i) => i % 2 == 0).Average() - scores.Where((_, i) => i % 2 == 1).Average();
        return new WeightScores(
            weight.Name,
            scores,
            deviations,
            Array.IndexOf(scores, scores.Max()),
            scores.Max() - scores.Min(),
            drop,
            0.1
        );
    }

    private static ObjectiveReliability Reliability(StudyMetric metric, double half) =>
        new(metric.Name, 64, 32, [half - 0.03, half + 0.02], [half - 0.1]);

    private static QuantizableWeight[] ModelWeights()
    {
        using SafetensorsFile model = SafetensorsFile.Open(
            RepositoryFiles.Models("emoji-pixart/transformer/diffusion_pytorch_model.safetensors")
        );
        using FileStream stream = File.OpenRead(RepositoryFiles.Models("emoji-pixart/trials/trials.json"));
        using var trials = System.Text.Json.JsonDocument.Parse(stream);
        return
        [
            .. trials
                .RootElement.GetProperty("trials")[1]
                .GetProperty("allocation")
                .EnumerateObject()
                .Select(property =>
                {
                    IReadOnlyList<long> shape = model.Tensors[property.Name + ".weight"].Shape;
                    return new QuantizableWeight(
                        property.Name,
                        shape.Count == 4 ? WeightOperator.Conv2d : WeightOperator.Linear,
                        shape,
                        property.Name + ".weight",
                        0,
                        shape[1]
                    );
                }),
        ];
    }

    private static string Method(QuantizerSpec option) =>
        option.Method switch
        {
            QuantizerMethod.UniformAffine => "UAQ",
            QuantizerMethod.KMeansPerChannel => "K-Means C",
            _ => "K-Means A",
        };

    private static double Loss(QuantizerSpec option) =>
        (option.Bits == 3 ? 1.0 : 0.35)
        * (
            option.Method switch
            {
                QuantizerMethod.UniformAffine => 0.9,
                QuantizerMethod.KMeansPerChannel => 0.7,
                _ => 1.1,
            }
        );

    private static double Sensitivity(string name, Pcg32 random) =>
        (
            name.Contains("attn2.to_k", StringComparison.Ordinal) ? 0.9
            : name.Contains("ff", StringComparison.Ordinal) ? 0.6
            : name.Contains("adaln", StringComparison.Ordinal) ? 1.2
            : 0.3
        )
        * (name.Contains("blocks.3", StringComparison.Ordinal) ? 1.6 : 1)
        * (0.6 + (0.8 * random.NextDouble()));

    private static double Noise(Pcg32 random, double scale) =>
        scale * ((random.NextDouble() + random.NextDouble() + random.NextDouble()) - 1.5);

    private static double Damage(
        BitAllocation allocation,
        QuantizableWeight[] weights,
        Dictionary<string, double> sensitivity
    ) => weights.Sum(w => sensitivity[w.Name] * Loss(allocation[w.Name]!)) / weights.Sum(w => sensitivity[w.Name]);

    private static Dictionary<string, double> Measure(double damage, Pcg32 random) =>
        new()
        {
            ["psnr"] = 29.5 - (13.2 * damage) + Noise(random, 0.7),
            ["ssim"] = 1.0 - (0.42 * damage) + Noise(random, 0.015),
            ["clip-cosine"] = 1.05 - (0.33 * damage) + Noise(random, 0.015),
            ["frechet"] = 42 + (22 * damage) + Noise(random, 4),
            ["kid"] = 2 + (9 * damage) + Noise(random, 2),
            ["clip-score"] = 70 - (11 * damage) + Noise(random, 2),
        };

    private static TrialData Trial(
        int number,
        QuantizableWeight[] weights,
        Dictionary<string, double> sensitivity,
        Pcg32 random
    )
    {
        double share = random.NextDouble();
        var allocation = BitAllocation.ForEach(
            weights,
            _ => QuantizerSpec.PaperOptions[(2 * random.Next(3)) + (random.NextDouble() < share ? 1 : 0)]
        );
        Dictionary<string, double> metrics = Measure(Damage(allocation, weights, sensitivity), random);
        metrics[StudyMetric.AverageBits.Name] = allocation.AverageBits(weights, 16);
        return new TrialData(number, metrics["ssim"], metrics);
    }

    private static IEnumerable<PlanEntry> Entries(
        QuantizableWeight[] weights,
        Dictionary<string, double> sensitivity,
        Pcg32 random
    )
    {
        yield return new PlanEntry
        {
            Key = "full",
            Label = "Full precision",
            Kind = PlanKind.FullPrecision,
            AverageBits = 16,
            SizeBytes = weights.Sum(w => w.ElementCount) * 2,
            Metrics = new Dictionary<string, Measured>
            {
                ["clip-cosine"] = new(1),
                ["ssim"] = new(1),
                ["frechet"] = new(45.7, 42.1, 49.0),
                ["kid"] = new(3.1, 1.9, 4.4),
                ["clip-score"] = new(68.9, 67.0, 70.8),
            },
        };
        foreach (double bits in new[] { 3.5, 3.75, 4.0 })
        {
            var options = new[]
            {
                QuantizerSpec.PaperOptions[1],
                QuantizerSpec.PaperOptions[0],
                QuantizerSpec.PaperOptions[3],
                QuantizerSpec.PaperOptions[2],
            };
            var chosen = weights.ToDictionary(w => w.Name, w => options[0]);
            foreach (QuantizableWeight weight in weights.OrderByDescending(w => sensitivity[w.Name] / w.ElementCount))
            {
                foreach (QuantizerSpec option in options.Skip(1).Append(QuantizerSpec.PaperOptions[4]))
                {
                    QuantizerSpec before = chosen[weight.Name];
                    chosen[weight.Name] = option;
                    if (new BitAllocation(chosen).AverageBits(weights, 16) > bits)
                        chosen[weight.Name] = before;
                }
            }
            yield return Entry(
                $"plan-{bits}",
                $"Plan, {bits:0.00} bits",
                PlanKind.Plan,
                bits,
                new BitAllocation(chosen),
                weights,
                sensitivity,
                random
            );
            var greedy = BitAllocation.ForEach(
                weights,
                w =>
                    random.NextDouble() < (bits - 3.2) * 0.9
                        ? QuantizerSpec.PaperOptions[4]
                        : QuantizerSpec.PaperOptions[1]
            );
            yield return Entry(
                $"greedy-{bits}",
                $"Weight-error greedy, {bits:0.00} bits",
                PlanKind.WeightError,
                bits,
                greedy,
                weights,
                sensitivity,
                random
            );
        }
        foreach (QuantizerSpec option in QuantizerSpec.PaperOptions)
        {
            yield return Entry(
                $"uniform-{option}",
                $"Uniform {Method(option)}, {option.Bits} bits",
                PlanKind.Uniform,
                null,
                BitAllocation.Uniform(weights, option),
                weights,
                sensitivity,
                random
            );
        }
        var lucky = BitAllocation.ForEach(weights, _ => QuantizerSpec.PaperOptions[random.Next(6)]);
        yield return Entry(
            "random-best",
            "Best random trial up to 3.75 bits",
            PlanKind.BestRandom,
            null,
            lucky,
            weights,
            sensitivity,
            random
        );
    }

    private static PlanEntry Entry(
        string key,
        string label,
        PlanKind kind,
        double? requested,
        BitAllocation allocation,
        QuantizableWeight[] weights,
        Dictionary<string, double> sensitivity,
        Pcg32 random
    )
    {
        Dictionary<string, double> values = Measure(Damage(allocation, weights, sensitivity), random);
        return new PlanEntry
        {
            Key = key,
            Label = label,
            Kind = kind,
            RequestedBits = requested,
            AverageBits = allocation.AverageBits(weights, 16),
            SizeBytes = allocation.SizeBytes(weights, 16),
            Allocation = allocation,
            Metrics = values.ToDictionary(
                pair => pair.Key,
                pair => new Measured(pair.Value, pair.Value * 0.975, pair.Value * 1.025)
            ),
        };
    }

    private static FitResult FitOf(TrialData[] trials, Pcg32 random)
    {
        double[] HeldOut(double noise) => [.. trials.Select(trial => trial.Objective + Noise(random, noise))];
        double Near(double center) => Math.Min(0.97, center + Noise(random, 0.12));
        FoldMetrics[] Folds(double srcc, double partial, double ndcg, double error) =>
            [
                .. Enumerable
                    .Range(0, 5)
                    .Select(_ => new FoldMetrics(Near(srcc), Near(partial), ndcg, ndcg, error, 1.2 * error)),
            ];
        return new FitResult(
            trials.Length,
            [
                [0],
                [1],
                [2],
                [3],
                [4],
            ],
            [
                new(ModelNames.RidgeTrends, Folds(0.92, 0.58, 0.981, 0.011), HeldOut(0.04)),
                new(ModelNames.Network, Folds(0.90, 0.45, 0.972, 0.014), HeldOut(0.06)),
                new(ModelNames.AverageBits, Folds(0.88, double.NaN, 0.951, 0.019), []),
                new(ModelNames.Mean, Folds(double.NaN, double.NaN, 0.74, 0.052), []),
            ],
            [],
            new PredictorChoice(ModelNames.Ridge, 0.90, 0.92, "Ridge regression decides.")
        );
    }

    private static ImageGridData Images(SafetensorsFile pictures)
    {
        const int Length = 64 * 64 * 3;
        string[] columns = ["full-precision", "random-0", "uniform-uaq-4", "uniform-uaq-3"];
        float[][] images = [.. columns.Select(pictures.ReadSingle)];
        string[] prompts =
        [
            "hamster, fluent emoji",
            "smirking face, flat emoji",
            "lungs, fluent emoji",
            "kimono, fluent emoji",
        ];
        return new ImageGridData(
            [
                new("Full precision"),
                new("Plan 3.75", "3.748 bits"),
                new("UAQ 4", "4.140 bits"),
                new("UAQ 3", "3.140 bits"),
            ],
            [
                .. prompts.Select(
                    (prompt, i) =>
                        new ImageRowData(
                            prompt,
                            42UL + (ulong)i,
                            [
                                .. images.Select(
                                    (image, column) =>
                                        new ImageCellData(
                                            PngFile.Encode(image.AsSpan(i * Length, Length), 64, 64),
                                            column == 0 ? null : 24.4 - (2.1 * column) + i
                                        )
                                ),
                            ]
                        )
                ),
            ],
            64,
            64
        );
    }
}
