using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers.Bank;

namespace Qua2SeDiMo.Measurement.Methods;

/// <summary>Effects by one call of the denoiser per weight and option, at states of the full-precision run. What lies before
/// the changed weight is computed once per state.</summary>
internal sealed class CallEffects : IEffectSource
{
    private readonly MeasuringPipeline pipeline;
    private readonly QuantizerBank bank;
    private readonly IReadOnlyList<GraphWeight> weights;
    private readonly ChangedCalls calls;

    internal CallEffects(MeasuringPipeline pipeline, QuantizerBank bank)
    {
        (this.pipeline, this.bank) = (pipeline, bank);
        Graph denoiser = pipeline.Pipeline.DenoiserGraph(pipeline.Request);
        weights = denoiser.Weights;
        calls = new ChangedCalls(denoiser, pipeline.Model.Tensors, pipeline.Binding, denoiser.Outputs[0].Name);
    }

    // One image at a time: each has its own file and needs many calls.
    public int BatchSize => 1;

    public Effects Measure(int first, int count, Action<double> report, CancellationToken cancellationToken)
    {
        DenoisingTrace trace = pipeline.Pipeline.Trace(
            pipeline.Prompts(first, count),
            pipeline.Noise(first, count),
            pipeline.Request,
            cancellationToken
        );
        IReadOnlyList<int> steps = pipeline.Options.Steps(trace.Calls.Count);
        var effects = new Effects(
            EffectKind.CallSquares,
            [.. weights.Select(weight => weight.Weight.Name)],
            bank.Options,
            steps,
            count,
            1
        );
        int done = 0;
        for (int step = 0; step < steps.Count; step++)
        {
            float[] before = trace.Guided(calls.Start(trace.Calls[steps[step]]));
            for (int weight = 0; weight < weights.Count; weight++)
            {
                string name = weights[weight].Weight.Name;
                for (int option = 0; option < bank.Options.Count; option++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    OpenModel.Apply(name, bank.Options[option], pipeline.Binding, bank);
                    float[] after = trace.Guided(calls.With(name));
                    for (int image = 0; image < count; image++)
                        effects[image, 0, step, weight, option] = Square(before, after, image, count);
                }
                pipeline.Binding.Reset(name);
                report(++done / (double)(steps.Count * weights.Count));
            }
        }
        return effects;
    }

    public void Dispose() => calls.Dispose();

    private static double Square(float[] before, float[] after, int image, int images)
    {
        int length = before.Length / images;
        double sum = 0;
        for (int i = image * length; i < (image + 1) * length; i++)
        {
            double change = (double)after[i] - before[i];
            sum += change * change;
        }
        return sum;
    }
}
