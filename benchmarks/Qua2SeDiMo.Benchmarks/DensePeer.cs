using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Runs only the dense layers of all hops for one epoch, with the rows, blocks and threads of
/// training.</summary>
internal sealed unsafe class DensePeer : IDisposable
{
    private const int BlockRows = 64;

    private readonly Dense[] layers;
    private readonly int[][] rowsOfStep;
    private readonly FloatBuffer x = new(),
        y = new(),
        slope = new();
    private readonly ParallelOptions parallel;

    internal DensePeer(TrainingSet study, StudyRows rows, int[] training, PredictorOptions options)
    {
        var shape = new PredictorShape(study.Topology.Positions);
        var parameters = new PredictorParameters();
        layers =
        [
            .. Enumerable
                .Range(1, PredictorTopology.HopCount - 1)
                .Select(m => new Dense(
                    parameters,
                    m == 1 ? shape.EmbeddingWidth : shape.Width,
                    shape.Width,
                    $"{m}.s",
                    $"{m}.t"
                )),
        ];
        int steps = options.StepsPerEpoch(training.Length);
        var batch = new RowBatch(rows.Plan);
        rowsOfStep =
        [
            .. Enumerable
                .Range(0, steps)
                .Select(step =>
                {
                    batch.Select(
                        training.AsSpan(
                            training.Length * step / steps,
                            (training.Length * (step + 1) / steps) - (training.Length * step / steps)
                        )
                    );
                    return batch.Levels.Select(level => level.RowCount).ToArray();
                }),
        ];
        parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Threads };
        int most = rowsOfStep.Max(levels => levels.Max());
        x.Reserve((long)most * layers.Max(layer => layer.InStride));
        y.Reserve((long)most * layers.Max(layer => layer.OutStride));
        slope.Reserve(x.Capacity);
        var random = new Pcg32(2);
        foreach (Dense layer in layers)
            layer.Initialize(random, 0.1, zeroBias: true);
        for (long i = 0; i < x.Capacity; i++)
            x.Pointer[i] = (float)random.NextNormal();
        Operations = rowsOfStep.Sum(levels => layers.Select((layer, i) => layer.OperationsPerRow * levels[i]).Sum());
    }

    /// <summary>Multiplications and additions of forward pass, weight gradients and input gradients, without
    /// padding.</summary>
    internal double Operations { get; }

    internal void Run()
    {
        foreach (int[] levels in rowsOfStep)
        {
            for (int i = 0; i < layers.Length; i++)
            {
                Dense layer = layers[i];
                int rows = levels[i];
                layer.Pack(forTraining: true);
                layer.BeginGradient(RowLevel.ChunkCount);
                Parallel.For(
                    0,
                    RowLevel.ChunkCount,
                    parallel,
                    chunk =>
                    {
                        for (
                            int row = rows * chunk / RowLevel.ChunkCount;
                            row < rows * (chunk + 1) / RowLevel.ChunkCount;
                            row += BlockRows
                        )
                        {
                            int count = Math.Min(BlockRows, (rows * (chunk + 1) / RowLevel.ChunkCount) - row);
                            layer.Forward(
                                x.Pointer + ((long)row * layer.InStride),
                                y.Pointer + ((long)row * layer.OutStride),
                                count
                            );
                        }
                    }
                );
                Parallel.For(
                    0,
                    RowLevel.ChunkCount,
                    parallel,
                    chunk =>
                    {
                        for (
                            int row = rows * chunk / RowLevel.ChunkCount;
                            row < rows * (chunk + 1) / RowLevel.ChunkCount;
                            row += BlockRows
                        )
                        {
                            int count = Math.Min(BlockRows, (rows * (chunk + 1) / RowLevel.ChunkCount) - row);
                            layer.AddGradient(
                                chunk,
                                x.Pointer + ((long)row * layer.InStride),
                                y.Pointer + ((long)row * layer.OutStride),
                                count
                            );
                            layer.BackwardInput(
                                y.Pointer + ((long)row * layer.OutStride),
                                slope.Pointer + ((long)row * layer.InStride),
                                count,
                                add: false
                            );
                        }
                    }
                );
                layer.FinishGradient(RowLevel.ChunkCount);
            }
        }
    }

    public void Dispose()
    {
        foreach (Dense layer in layers)
            layer.Dispose();
        x.Dispose();
        y.Dispose();
        slope.Dispose();
    }
}
