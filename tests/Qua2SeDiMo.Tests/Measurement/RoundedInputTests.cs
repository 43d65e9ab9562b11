using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Measurement;

/// <summary>What a sketch says of rounded inputs, against calls of the bundled models with the input of one layer really
/// rounded.</summary>
public sealed class RoundedInputTests(ITestOutputHelper output)
{
    private const int Images = 2,
        At = 1;
    private static readonly int[] Bits = [8, 6];
    private static readonly GenerationRequest Request = new()
    {
        StepCount = 2,
        GuidanceScale = 3,
        BatchSize = Images,
    };

    [Theory]
    [InlineData("emoji-pixart", 9)]
    [InlineData("emoji-unet", 19)]
    public void Products_are_those_of_calls_with_one_input_rounded(string name, int every)
    {
        using OpenModel model = OpenModel.Open(Path.Combine(RepositoryFiles.Root, "models", name));
        using WeightBinding binding = model.CreateBinding();
        using var pipeline = new DiffusionPipeline(model.Parts(new InferenceOptions()), model.Tensors, binding);
        EncodedPrompts prompts = pipeline.Encode(["red apple, flat emoji", "green leaf, fluent emoji"], Request);
        SeededNoise Noise() => new([42, 43]);
        var options = new SketchOptions
        {
            Target = SketchTarget.Calls,
            Steps = [At],
            Cotangents = 1,
            ActivationBits = Bits,
        };
        using var sketcher = new Sketcher(pipeline, model.Tensors, binding, options)
        {
            Given = (image, _, own) => Cotangent(image, own.Length).AsSpan().TryCopyTo(own),
        };

        Effects sketch = sketcher.Run(prompts, Noise(), 0, Request, [], _ => [], null, CancellationToken.None);

        DenoisingTrace trace = pipeline.Trace(prompts, Noise(), Request, CancellationToken.None);
        LatentShape shape = pipeline.LatentShape(Request);
        float[] Guided(ActivationAllocation activations)
        {
            Graph graph = model.Parts(new InferenceOptions(), activations).DenoiserGraph(shape.Height, shape.Width);
            using var denoiser = new InferenceModel(graph, model.Tensors, binding);
            return trace.Guided(denoiser.Run(trace.Calls[At])[graph.Outputs[0].Name]);
        }
        float[] before = Guided(ActivationAllocation.None);
        double worst = 0;
        int compared = 0;
        for (int weight = 0; weight < sketch.Weights.Count; weight += every)
        {
            for (int at = 0; at < Bits.Length; at++)
            {
                float[] after = Guided(
                    new ActivationAllocation([KeyValuePair.Create(sketch.Weights[weight], Bits[at])])
                );
                for (int image = 0; image < Images; image++)
                {
                    (double product, double size) = Products(before, after, image);
                    double off = Math.Abs(sketch[image, 0, 0, weight, at] - product) / size;
                    output.WriteLine(
                        FormattableString.Invariant(
                            $"{sketch.Weights[weight]}, {Bits[at]} bits, image {image}: {off:0.0000} of {size:0.0E+0}"
                        )
                    );
                    worst = Math.Max(worst, size > 1e-6 ? off : 0);
                    compared++;
                }
            }
        }
        Assert.Equal(0, compared % (Images * Bits.Length));
        Assert.InRange(compared, 20, 200);
        // In units of the change that was made; what first order leaves out is some percent of it.
        Assert.InRange(worst, 0, 0.3);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public void The_order_of_inputs_agrees_with_whole_runs_with_one_input_rounded()
    {
        const int images = 4,
            bits = 4;
        using OpenModel model = OpenModel.Open(Path.Combine(RepositoryFiles.Root, "models/emoji-pixart"));
        using WeightBinding binding = model.CreateBinding();
        using var pipeline = new DiffusionPipeline(model.Parts(new InferenceOptions()), model.Tensors, binding);
        GenerationRequest request = Request with { StepCount = 8, BatchSize = images };
        string[] texts =
        [
            .. File.ReadLines(Path.Combine(RepositoryFiles.Root, "models/emoji-reference/prompts.txt")).Take(images),
        ];
        EncodedPrompts prompts = pipeline.Encode(texts, request);
        SeededNoise Noise() => new([.. Enumerable.Range(0, images).Select(i => 42UL + (ulong)i)]);
        using var sketcher = new Sketcher(
            pipeline,
            model.Tensors,
            binding,
            new SketchOptions { Cotangents = 4, ActivationBits = [bits] }
        );
        Effects sketch = sketcher.Run(prompts, Noise(), 0, request, [], _ => [], null, CancellationToken.None);
        ImageBatch full = pipeline.Generate(prompts, Noise(), request);
        double[][] losses = [.. sketch.Weights.Select(Losses)];

        double[] sizes =
        [
            .. Enumerable
                .Range(0, sketch.Weights.Count)
                .Select(weight => sketch.OverImages(image => Math.Sqrt(sketch.Damage(image, weight, 0).Mean)).Mean),
        ];
        double tau = RankStatistics.KendallTauB([.. losses.Select(own => own.Average())], sizes),
            halves = RankStatistics.KendallTauB(
                [.. losses.Select(own => own[..(images / 2)].Average())],
                [.. losses.Select(own => own[(images / 2)..].Average())]
            );
        output.WriteLine(
            FormattableString.Invariant($"{bits} bits, {images} images: τ {tau:0.000}, halves {halves:0.000}")
        );
        Assert.InRange(tau, 0.6, 1);

        double[] Losses(string weight)
        {
            using var rounded = new DiffusionPipeline(
                model.Parts(new InferenceOptions(), new ActivationAllocation([KeyValuePair.Create(weight, bits)])),
                model.Tensors,
                binding
            );
            ImageBatch batch = rounded.Generate(prompts, Noise(), request);
            return
            [
                .. Enumerable
                    .Range(0, images)
                    .Select(i =>
                        1 - (double)StructuralSimilarity.Of(batch.Image(i), full.Image(i), batch.Height, batch.Width, 3)
                    ),
            ];
        }
    }

    // ⟨cotangent, change⟩, and the norm of the change: what the product of a random cotangent is of the order of.
    private static (double Product, double Size) Products(float[] before, float[] after, int image)
    {
        int length = before.Length / Images;
        float[] cotangent = Cotangent(image, length);
        double product = 0,
            square = 0;
        for (int i = 0; i < length; i++)
        {
            double change = (double)after[(image * length) + i] - before[(image * length) + i];
            product += cotangent[i] * change;
            square += change * change;
        }
        return (product, Math.Sqrt(square));
    }

    private static float[] Cotangent(int image, int length)
    {
        var random = new Pcg32((ulong)image + 17);
        return [.. Enumerable.Range(0, length).Select(_ => (float)random.NextNormal())];
    }
}
