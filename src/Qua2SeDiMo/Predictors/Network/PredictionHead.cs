using System.Numerics.Tensors;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Predictors.Network;

/// <summary>Maps the graph embedding of the last hop to a prediction: Linear, Linear, ReLU, Linear, Linear, ReLU,
/// Linear to one number.</summary>
internal sealed unsafe class PredictionHead : IDisposable
{
    private static readonly bool[] ActivatedAfter = [false, true, false, true, false];

    private readonly Dense[] linears;
    private readonly FloatBuffer[] outputs;
    private readonly FloatBuffer slope = new(),
        next = new();
    private readonly int width;

    public PredictionHead(PredictorParameters parameters, int width)
    {
        this.width = width;
        linears =
        [
            .. Enumerable
                .Range(0, 5)
                .Select(i => new Dense(
                    parameters,
                    width,
                    i < 4 ? width : 1,
                    i < 4 ? $"head.linear{i}" : "head.output"
                )),
        ];
        outputs = [.. linears.Select(_ => new FloatBuffer())];
    }

    /// <summary>Predicts the first <paramref name="graphs"/> graphs.</summary>
    public void Forward(float* embedding, int graphs, Span<float> prediction, bool forTraining)
    {
        float* input = embedding;
        for (int i = 0; i < linears.Length; i++)
        {
            int length = graphs * linears[i].OutStride;
            linears[i].Pack(forTraining);
            linears[i].Forward(input, outputs[i].Reserve(length), graphs);
            if (ActivatedAfter[i])
                TensorPrimitives.Max(outputs[i].Span(length), 0f, outputs[i].Span(length));
            input = outputs[i].Pointer;
        }
        for (int g = 0; g < graphs; g++)
            prediction[g] = input[(long)g * linears[^1].OutStride];
    }

    /// <summary>Adds the gradients of the head's parameters and of the embedding.</summary>
    public void Backward(float* embedding, int graphs, ReadOnlySpan<float> predictionGradient, float* embeddingGradient)
    {
        int last = linears[^1].OutStride;
        slope.Reserve((long)graphs * Math.Max(last, linears[0].InStride));
        slope.Clear((long)graphs * last);
        for (int g = 0; g < graphs; g++)
            slope.Pointer[(long)g * last] = predictionGradient[g];
        FloatBuffer current = slope,
            other = next;
        other.Reserve((long)graphs * Math.Max(last, linears[0].InStride));
        for (int i = linears.Length - 1; i >= 0; i--)
        {
            Dense linear = linears[i];
            int length = graphs * linear.OutStride;
            for (int k = 0; ActivatedAfter[i] && k < length; k++)
            {
                if (outputs[i].Pointer[k] <= 0)
                    current.Pointer[k] = 0;
            }
            linear.BeginGradient(1);
            linear.AddGradient(0, i == 0 ? embedding : outputs[i - 1].Pointer, current.Pointer, graphs);
            linear.FinishGradient(1);
            if (i == 0)
            {
                linear.BackwardInput(current.Pointer, embeddingGradient, graphs, add: true);
                return;
            }
            linear.BackwardInput(current.Pointer, other.Pointer, graphs, add: false);
            (current, other) = (other, current);
        }
    }

    /// <summary>Draws the parameters like PyTorch's Linear.</summary>
    public void Initialize(Pcg32 random)
    {
        foreach (Dense linear in linears)
            linear.Initialize(random, 1 / Math.Sqrt(width), zeroBias: false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Dense linear in linears)
            linear.Dispose();
        foreach (FloatBuffer buffer in outputs)
            buffer.Dispose();
        slope.Dispose();
        next.Dispose();
    }
}
