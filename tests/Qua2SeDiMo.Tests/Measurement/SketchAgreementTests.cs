using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Palettes;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Measurement;

/// <summary>Compares sketches of the bundled models with probes of single weights over whole runs of other
/// images.</summary>
[Trait("Speed", "Slow")]
public sealed class SketchAgreementTests(ITestOutputHelper output)
{
    private static readonly QuantizerSpec[] Specs = [.. QuantizerSpec.PaperOptions];

    [Theory]
    [InlineData("emoji-pixart", nameof(SketchTarget.Calls), 4, 1, 0.5)]
    [InlineData("emoji-pixart", nameof(SketchTarget.Latents), 8, 2, 0.5)]
    [InlineData("emoji-unet", nameof(SketchTarget.Latents), 4, 2, 0.25)]
    public void The_order_of_costs_agrees_with_probes(
        string name,
        string targetName,
        int images,
        int cotangents,
        double least
    )
    {
        var target = Enum.Parse<SketchTarget>(targetName);
        MeasuredProbes probes = MeasuredProbes.Read(RepositoryFiles.Golden($"probes/{name}.json"));
        int[]? steps = target == SketchTarget.Calls ? [2, 4, 6] : null;
        Effects sketch = Make(
                name,
                new SketchOptions
                {
                    Target = target,
                    Cotangents = cotangents,
                    Steps = steps,
                },
                images
            )
            .Merged(QuantizableWeight.WholeOf);

        RankAgreement agreement = ProbeAgreement
            .Of(probes, [.. sketch.Weights], (weight, option) => Root(sketch, weight, option))
            .Costs;

        output.WriteLine(FormattableString.Invariant($"{name}, {target}: {agreement}"));
        Assert.True(agreement.KendallTau >= least, $"{agreement}");
    }

    private static double? Root(Effects sketch, string weight, QuantizerSpec option)
    {
        int at = sketch.Weights.ToList().IndexOf(weight),
            spec = Array.IndexOf(Specs, option);
        return at < 0 || spec < 0
            ? null
            : sketch.OverImages(image => Math.Sqrt(sketch.Damage(image, at, spec).Mean)).Mean;
    }

    private Effects Make(string name, SketchOptions options, int images)
    {
        using OpenModel model = OpenModel.Open(Path.Combine(RepositoryFiles.Root, "models", name));
        using WeightBinding binding = model.CreateBinding();
        using var pipeline = new DiffusionPipeline(model.Parts(new InferenceOptions()), model.Tensors, binding);
        var request = new GenerationRequest
        {
            StepCount = 8,
            GuidanceScale = 3,
            BatchSize = images,
        };
        string[] texts =
        [
            .. File.ReadLines(Path.Combine(RepositoryFiles.Root, "models/emoji-reference/prompts.txt")).Take(images),
        ];
        EncodedPrompts prompts = pipeline.Encode(texts, request);
        var kept = new Dictionary<string, IReadOnlyList<float[]>>(StringComparer.Ordinal);
        IReadOnlyList<float[]> Changes(GraphWeight weight)
        {
            if (kept.TryGetValue(weight.Weight.Name, out IReadOnlyList<float[]>? known))
                return known;
            WeightMatrix matrix = WeightMatrix.Read(model.Tensors, weight.Weight);
            return kept[weight.Weight.Name] = [
                .. WeightQuantizer
                    .Quantize(matrix, Specs)
                    .Select(quantized =>
                    {
                        float[] change = new float[matrix.Count];
                        quantized.Dequantize(change);
                        for (int i = 0; i < change.Length; i++)
                            change[i] -= matrix.Values.Span[i];
                        return change;
                    }),
            ];
        }

        foreach (GraphWeight weight in pipeline.DenoiserGraph(request).Weights)
            Changes(weight);
        using var sketcher = new Sketcher(pipeline, model.Tensors, binding, options);
        Effects Run() =>
            sketcher.Run(
                prompts,
                new SeededNoise([.. Enumerable.Range(0, images).Select(i => 42UL + (ulong)i)]),
                0,
                request,
                Specs,
                Changes,
                null,
                CancellationToken.None
            );
        Run();
        TimeSpan before = pipeline.RuntimeElapsed;
        long start = TimeProvider.System.GetTimestamp();
        Effects sketch = Run();
        TimeSpan whole = TimeProvider.System.GetElapsedTime(start),
            forward = pipeline.RuntimeElapsed - before;
        double perCall = forward.TotalMilliseconds / 8,
            perState = (whole - forward).TotalMilliseconds / (sketch.Steps.Count * sketch.Cotangents);
        output.WriteLine(
            FormattableString.Invariant(
                $"{name}: a call {perCall:0} ms, a state with one cotangent {perState / perCall:0.00} calls"
            )
        );
        return sketch;
    }
}
