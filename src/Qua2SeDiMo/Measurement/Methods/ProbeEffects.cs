using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers.Bank;

namespace Qua2SeDiMo.Measurement.Methods;

/// <summary>
/// Effects by whole runs: the loss of an image's similarity to full precision when one weight changes from the base
/// option to another while all other weights have the base option. Other methods are compared with these.
/// </summary>
internal sealed class ProbeEffects(MeasuringPipeline pipeline, QuantizerBank bank) : IEffectSource
{
    /// <summary>Option of all weights except the probed one.</summary>
    internal static readonly QuantizerSpec Base = new(QuantizerMethod.KMeansPerChannel, 4);

    public int BatchSize => 1;

    public Effects Measure(int first, int count, Action<double> report, CancellationToken cancellationToken)
    {
        string[] weights = [.. pipeline.Binding.Weights.Select(weight => weight.Weight.Name)];
        var effects = new Effects(EffectKind.Losses, weights, bank.Options, [0], count, 1);
        foreach (string weight in weights)
            pipeline.Binding.Reset(weight);
        ImageBatch full = Generate(first, count, cancellationToken);
        foreach (string weight in weights)
            Set(weight, Base);
        double[] at = Similarities(Generate(first, count, cancellationToken), full);
        for (int weight = 0; weight < weights.Length; weight++)
        {
            for (int option = 0; option < bank.Options.Count; option++)
            {
                if (bank.Options[option] == Base)
                    continue;
                Set(weights[weight], bank.Options[option]);
                double[] now = Similarities(Generate(first, count, cancellationToken), full);
                for (int image = 0; image < count; image++)
                    effects[image, 0, 0, weight, option] = at[image] - now[image];
            }
            Set(weights[weight], Base);
            report((weight + 1.0) / weights.Length);
        }
        return effects;
    }

    public void Dispose() { }

    private ImageBatch Generate(int first, int count, CancellationToken cancellationToken) =>
        pipeline.Pipeline.Generate(
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
