using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;

namespace Qua2SeDiMo.Measurement.Methods;

/// <summary>
/// Effects by whole runs: the loss of an image's similarity to full precision when one weight changes from the base
/// option to another while all other weights have the base option, and when the input of one layer is quantized while
/// all weights have full precision. Other methods are compared with these.
/// </summary>
internal sealed class ProbeEffects(MeasuringPipeline pipeline, QuantizerBank bank) : IEffectSource
{
    /// <summary>Option of all weights except the probed one.</summary>
    internal static readonly QuantizerSpec Base = new(QuantizerMethod.KMeansPerChannel, 4);

    public int BatchSize => 1;

    public Effects Measure(int first, int count, Action<double> report, CancellationToken cancellationToken)
    {
        string[] weights = [.. pipeline.Binding.Weights.Select(weight => weight.Weight.Name)];
        var effects = new Effects(
            EffectKind.Losses,
            weights,
            bank.Options,
            [0],
            count,
            1,
            pipeline.Options.ActivationBits
        );
        int passed = 0;
        void Passed() => report(++passed / (weights.Length * (pipeline.Options.ActivationBits.Count > 0 ? 2.0 : 1)));
        foreach (string weight in weights)
            pipeline.Binding.Reset(weight);
        ImageBatch full = Generate(pipeline.Pipeline, first, count, cancellationToken);
        Round(effects, full, first, Passed, cancellationToken);
        foreach (string weight in weights)
            Set(weight, Base);
        double[] at = Similarities(Generate(pipeline.Pipeline, first, count, cancellationToken), full);
        for (int weight = 0; weight < weights.Length; weight++)
        {
            for (int option = 0; option < bank.Options.Count; option++)
            {
                if (bank.Options[option] == Base)
                    continue;
                Set(weights[weight], bank.Options[option]);
                double[] now = Similarities(Generate(pipeline.Pipeline, first, count, cancellationToken), full);
                for (int image = 0; image < count; image++)
                    effects[image, 0, 0, weight, option] = at[image] - now[image];
            }
            Set(weights[weight], Base);
            Passed();
        }
        return effects;
    }

    public void Dispose() { }

    // All weights are as they are.
    private void Round(Effects effects, ImageBatch full, int first, Action passed, CancellationToken cancellationToken)
    {
        for (int weight = 0; weight < effects.Weights.Count && effects.ActivationBits.Count > 0; weight++)
        {
            for (int at = 0; at < effects.ActivationBits.Count; at++)
            {
                int bits = effects.ActivationBits[at];
                using DiffusionPipeline rounded = pipeline.WithRounded(
                    new ActivationAllocation([KeyValuePair.Create(effects.Weights[weight], bits)])
                );
                double[] now = Similarities(Generate(rounded, first, full.Count, cancellationToken), full);
                for (int image = 0; image < now.Length; image++)
                    effects[image, 0, 0, weight, effects.OfInput(at)] = 1 - now[image];
            }
            passed();
        }
    }

    private ImageBatch Generate(DiffusionPipeline from, int first, int count, CancellationToken cancellationToken) =>
        from.Generate(
            pipeline.Prompts(first, count),
            pipeline.Noise(first, count),
            pipeline.Request,
            null,
            cancellationToken
        );

    private void Set(string weight, QuantizerSpec option) => OpenModel.Apply(weight, option, pipeline.Binding, bank);

    private static double[] Similarities(ImageBatch images, ImageBatch full) =>
        [
            .. Enumerable
                .Range(0, images.Count)
                .Select(i =>
                    (double)StructuralSimilarity.Of(images.Image(i), full.Image(i), images.Height, images.Width, 3)
                ),
        ];
}
