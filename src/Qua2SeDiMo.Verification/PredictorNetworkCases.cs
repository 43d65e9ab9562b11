using System.Text.Json;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Verification;

/// <summary>Reference cases of the whole network: embeddings, gradients of every loss, and training steps.</summary>
internal sealed class PredictorNetworkCases : IDisposable
{
    // AdamW divides each gradient by its own magnitude. Entries whose gradient is smaller than the rounding error of
    // the array's largest one, or depends on a ReLU input within rounding of 0, therefore take different steps in
    // single precision. The parts of a step are compared separately with a smaller tolerance.
    private const double FreeRunTolerance = 0.01;

    // Batch normalisation scales these gradients by ε/(variance + ε); they are the small remainder of a sum that
    // cancels.
    private const double LineTolerance = 1e-3;

    private const int StepCount = 5;
    private const int MaxKinks = 40;
    private const int ScheduleSteps = 10;
    private const double WeightDecay = 1e-6;
    private const double ClipNorm = 5;

    private readonly StoredArrays stored;
    private readonly HashSet<string> noise;
    private readonly float[] features;
    private readonly double[] targets;
    private readonly RowBatch batch;
    private readonly PredictorNetwork network;
    private readonly List<VerificationResult> results = [];

    private PredictorNetworkCases(string name, JsonElement root, SafetensorsFile arrays)
    {
        stored = new StoredArrays(name, arrays);
        noise = root.TryGetProperty("noise", out JsonElement listed)
            ? [.. listed.GetProperty("parameters").EnumerateArray().Select(item => item.GetString()!)]
            : [];
        features = arrays.ReadSingle("x");
        targets = [.. arrays.ReadSingle("y").Select(value => (double)value)];
        GraphStructure structure = PredictorArrays.Structure(arrays, "edges", "graph");
        batch = PredictorArrays.AllRows(structure, PredictorTopology.HopCount - 1);
        network = new PredictorNetwork(PredictorArrays.Shape(arrays, "param."));
    }

    public static List<VerificationResult> Run(string name, JsonElement root, SafetensorsFile arrays)
    {
        using var cases = new PredictorNetworkCases(name, root, arrays);
        JsonElement values = root.GetProperty("values");
        cases.Embeddings();
        cases.Gradients(values);
        foreach (string mode in new[] { "plain", "clipped", "published" })
            cases.Steps(mode, values);
        return cases.results;
    }

    public void Dispose() => network.Dispose();

    private void Restart() => network.Parameters.Load(slice => stored.Read($"param.{slice}"));

    private void Embeddings()
    {
        foreach (string mode in new[] { "eval", "train" })
        {
            Restart();
            network.Forward(batch, features, train: mode == "train");
            results.Add(stored.Compare($"{mode}.prediction", network.Prediction));
            for (int m = 0; m < PredictorTopology.HopCount; m++)
            {
                float[] embedding =
                [
                    .. Enumerable
                        .Range(0, batch.GraphCount)
                        .SelectMany(graph => network.GraphEmbedding(m, graph).ToArray()),
                ];
                results.Add(stored.Compare($"{mode}.hop{m}.embedding", embedding));
            }
        }
        foreach (ParameterSlice slice in network.Parameters.Slices.Where(slice => !slice.Trained))
        {
            results.Add(stored.Compare($"train.after.{slice.Name}", network.Parameters.Of(slice)));
        }
    }

    private void Gradients(JsonElement values)
    {
        foreach ((string kind, PredictorLoss loss) in PredictorLossCases.Kinds)
        {
            if (!stored.Holds($"grad.{kind}.head.output.bias"))
                continue;
            Restart();
            double value = Backward(loss);
            results.Add(
                PredictorCases.Compare(stored.Case, $"{kind}.loss", values.GetProperty(kind).GetDouble(), value)
            );
            results.Add(
                PredictorCases.Compare(
                    stored.Case,
                    $"{kind}.gradient_norm",
                    values.GetProperty($"{kind}.gradient_norm").GetDouble(),
                    GradientNorm()
                )
            );
            foreach (
                ParameterSlice slice in network.Parameters.Slices.Where(slice =>
                    slice.Trained && !noise.Contains(slice.Name)
                )
            )
            {
                results.Add(stored.Compare($"grad.{kind}.{slice.Name}", network.Parameters.GradientOf(slice)));
            }
        }
    }

    // The double-precision implementation takes the steps, and its results are compared with the reference. At each of
    // its states, the network's gradients are compared with the double-precision ones, and the network's optimizer
    // takes a step with the double-precision gradients. So every part of a step is checked with the same tolerance.
    // Steps that the network takes alone are compared with FreeRunTolerance.
    private void Steps(string mode, JsonElement values)
    {
        if (!stored.Holds($"step5.srcc.{mode}.head.output.bias"))
            return;
        Restart();
        var loss = new RankingLoss(PredictorLoss.Srcc, [.. Enumerable.Range(0, PredictorTopology.HopCount)]);
        var twin = new PlainPredictor(network.Shape, batch.Structure, network.Parameters);
        float[] driven = network.Parameters.Values.ToArray(),
            gradients = new float[driven.Length];
        var optimizer = new AdamW(driven.Length, WeightDecay);
        var schedule = new CosineSchedule(1e-3, ScheduleSteps);
        JsonElement losses = values.GetProperty($"srcc.{mode}.losses");
        for (int step = 0; step < StepCount; step++)
        {
            network.Parameters.Load(twin.Rounded);
            Backward(PredictorLoss.Srcc);
            CompareGradients($"srcc.{mode}.gradient.{step}", loss);
            double value = twin.Backward(loss, features, targets);
            results.Add(
                PredictorCases.Compare(stored.Case, $"srcc.{mode}.loss.{step}", losses[step].GetDouble(), value)
            );
            double times = Times(
                mode,
                Math.Sqrt(
                    network
                        .Parameters.Slices.Where(slice => slice.Trained)
                        .Sum(slice => twin.Tape.Parameters[slice.Name].Gradient.Sum(g => g * g))
                )
            );
            foreach (ParameterSlice slice in network.Parameters.Slices.Where(slice => slice.Trained))
            {
                twin.RoundedGradient(slice.Name).CopyTo(gradients, slice.Offset);
            }
            foreach (ref float gradient in gradients.AsSpan())
                gradient = (float)(gradient * times);
            optimizer.Step(driven, gradients, schedule.Rate(step));
            twin.Step(schedule.Rate(step), WeightDecay, times);
            if (step is not (0 or StepCount - 1))
                continue;
            foreach (ParameterSlice slice in Compared().Where(slice => stored.Holds(Key(step, mode, slice))))
            {
                float[] expected = stored.Read(Key(step, mode, slice));
                results.Add(
                    PredictorCases.Compare(stored.Case, Key(step, mode, slice), expected, twin.Rounded(slice.Name))
                );
                if (slice.Trained)
                    results.Add(
                        PredictorCases.Compare(
                            stored.Case,
                            $"{Key(step, mode, slice)} (optimizer)",
                            expected,
                            driven.AsSpan(slice.Offset, slice.Length)
                        )
                    );
            }
        }
        FreeRun(mode, losses, schedule);
    }

    // Gradients are discontinuous where an activation input crosses its kink. The few inputs within rounding of their
    // kink are tried on both sides; the side that agrees better with the network's gradients is kept.
    private void CompareGradients(string title, RankingLoss loss)
    {
        var probe = new PlainPredictor(network.Shape, batch.Structure, network.Parameters);
        probe.Backward(loss, features, targets);
        double worst = Worst(probe);
        IReadOnlyList<int> near = worst > 1 ? probe.Tape.NearKinks : [];
        foreach (int input in near.Take(MaxKinks))
        {
            if (worst <= 1)
                break;
            probe.Tape.Flipped.Add(input);
            probe.Backward(loss, features, targets);
            double flipped = Worst(probe);
            if (flipped < worst)
                worst = flipped;
            else
                probe.Tape.Flipped.Remove(input);
        }
        probe.Backward(loss, features, targets);
        string kinks =
            probe.Tape.Flipped.Count == 0
                ? ""
                : $" ({probe.Tape.Flipped.Count} activation inputs within rounding of a kink taken on its other side)";
        foreach (ParameterSlice slice in Compared().Where(slice => slice.Trained))
        {
            results.Add(
                PredictorCases.Compare(
                    stored.Case,
                    $"{title}.{slice.Name}{kinks}",
                    probe.RoundedGradient(slice.Name),
                    network.Parameters.GradientOf(slice),
                    Allowed(slice)
                )
            );
        }
    }

    private static double Allowed(ParameterSlice slice) =>
        slice.Name is "encoder.ratio.weight" or "encoder.error.weight" ? LineTolerance : PredictorCases.Tolerance;

    // Largest difference of any array from the network's gradient, in units of its tolerance.
    private double Worst(PlainPredictor twin) =>
        Compared()
            .Where(slice => slice.Trained)
            .Max(slice =>
            {
                float[] expected = twin.RoundedGradient(slice.Name),
                    actual = network.Parameters.GradientOf(slice).ToArray();
                return expected.Zip(actual, (e, a) => Math.Abs((double)e - a)).Max()
                    / Math.Max(1e-6, expected.Max(Math.Abs))
                    / Allowed(slice);
            });

    private void FreeRun(string mode, JsonElement losses, CosineSchedule schedule)
    {
        Restart();
        var optimizer = new AdamW(network.Parameters.TrainedCount, WeightDecay);
        for (int step = 0; step < StepCount; step++)
        {
            double loss = Backward(PredictorLoss.Srcc);
            results.Add(
                PredictorCases.Compare(
                    stored.Case,
                    $"srcc.{mode}.loss.{step} (free run)",
                    losses[step].GetDouble(),
                    loss
                )
            );
            float times = (float)Times(mode, GradientNorm());
            foreach (ref float gradient in network.Parameters.Gradients.AsSpan())
                gradient *= times;
            optimizer.Step(network.Parameters.Values, network.Parameters.Gradients, schedule.Rate(step));
            if (step is not (0 or StepCount - 1))
                continue;
            foreach (ParameterSlice slice in Compared().Where(slice => stored.Holds(Key(step, mode, slice))))
            {
                results.Add(
                    PredictorCases.Compare(
                        stored.Case,
                        $"{Key(step, mode, slice)} (free run)",
                        stored.Read(Key(step, mode, slice)),
                        network.Parameters.Of(slice),
                        FreeRunTolerance
                    )
                );
            }
        }
    }

    private IEnumerable<ParameterSlice> Compared() =>
        network.Parameters.Slices.Where(slice => !noise.Contains(slice.Name));

    private static string Key(int step, string mode, ParameterSlice slice) =>
        $"step{step + 1}.srcc.{mode}.{slice.Name}";

    private static double Times(string mode, double norm)
    {
        double clip = Math.Min(1, ClipNorm / norm);
        return mode switch
        {
            "plain" => 1,
            "clipped" => clip,
            _ => 1 + clip,
        };
    }

    private double Backward(PredictorLoss kind) =>
        new BatchLoss(new RankingLoss(kind, [.. Enumerable.Range(0, PredictorTopology.HopCount)])).Backward(
            network,
            batch,
            features,
            targets
        );

    private double GradientNorm() =>
        Math.Sqrt(network.Parameters.Gradients.Sum(gradient => (double)gradient * gradient));
}
