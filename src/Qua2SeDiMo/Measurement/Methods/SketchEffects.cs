using Qua2SeDiMo.Quantizers.Bank;

namespace Qua2SeDiMo.Measurement.Methods;

/// <summary>Effects by sketches; see <see cref="Sketcher"/>.</summary>
internal sealed class SketchEffects : IEffectSource
{
    private readonly MeasuringPipeline pipeline;
    private readonly BankChanges changes;
    private readonly Sketcher sketcher;

    internal SketchEffects(MeasuringPipeline pipeline, QuantizerBank bank)
    {
        this.pipeline = pipeline;
        changes = new BankChanges(bank, pipeline.Model.Tensors);
        sketcher = new Sketcher(
            pipeline.Pipeline,
            pipeline.Model.Tensors,
            pipeline.Binding,
            new SketchOptions
            {
                Target = pipeline.Options.CallsOnly ? SketchTarget.Calls : SketchTarget.Latents,
                Cotangents = pipeline.Options.Cotangents,
                Steps = pipeline.Options.CallsOnly ? pipeline.Options.States : null,
                ActivationBits = pipeline.Options.ActivationBits,
                Seed = pipeline.Options.CotangentSeed,
            }
        );
    }

    public int BatchSize => pipeline.Request.BatchSize;

    public Effects Measure(int first, int count, Action<double> report, CancellationToken cancellationToken) =>
        sketcher.Run(
            pipeline.Prompts(first, count),
            pipeline.Noise(first, count),
            first,
            pipeline.Request,
            changes.Options,
            changes.Of,
            report,
            cancellationToken
        );

    public void Dispose() => sketcher.Dispose();
}
