using System.Text.Json;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Predictors;

namespace Qua2SeDiMo.Verification;

/// <summary>Reference cases of the whole network: embeddings, gradients of every loss, and training steps.</summary>
internal sealed class PredictorNetworkCases : IDisposable
{
    // A ReLU input within rounding of zero may fall on the other side than in double precision; the optimizer, which divides by the size of
    // a gradient, turns that into a visible part of a step for single entries.
    private const double StepTolerance = 0.01;

    private const int ScheduleSteps = 10;
    private const double WeightDecay = 1e-6;
    private const double ClipNorm = 5;

    private readonly string name;
    private readonly SafetensorsFile arrays;
    private readonly HashSet<string> noise;
    private readonly float[] features;
    private readonly double[] targets;
    private readonly RowBatch batch;
    private readonly PredictorNetwork network;
    private readonly List<VerificationResult> results = [];

    private PredictorNetworkCases(string name, JsonElement root, SafetensorsFile arrays)
    {
        this.name = name;
        this.arrays = arrays;
        noise = root.TryGetProperty("noise", out JsonElement listed)
            ? [.. listed.GetProperty("parameters").EnumerateArray().Select(item => item.GetString()!)] : [];
        features = arrays.ReadSingle("x");
        targets = [.. arrays.ReadSingle("y").Select(value => (double)value)];
        GraphStructure structure = PredictorArrays.Structure(arrays, "edges", "graph");
        batch = new RowBatch(RowPlan.Build(structure, 1, [.. Enumerable.Range(0, structure.NodeCount)], PredictorTopology.HopCount - 1)).SelectAll();
        network = new PredictorNetwork(PredictorArrays.Shape(arrays, "param."));
    }

    public static List<VerificationResult> Run(string name, JsonElement root, SafetensorsFile arrays)
    {
        using var cases = new PredictorNetworkCases(name, root, arrays);
        JsonElement values = root.GetProperty("values");
        cases.Embeddings();
        cases.Gradients(values);
        foreach (string mode in new[] { "plain", "clipped", "published" }) cases.Steps(mode, values);
        return cases.results;
    }

    public void Dispose() => network.Dispose();

    private void Restart() => network.Parameters.Load(slice => arrays.ReadSingle($"param.{slice}"));

    private void Embeddings()
    {
        foreach (string mode in new[] { "eval", "train" })
        {
            Restart();
            network.Forward(batch, features, train: mode == "train");
            results.Add(PredictorCases.Compare(name, $"{mode}.prediction", arrays.ReadSingle($"{mode}.prediction"), network.Prediction));
            for (int m = 0; m < PredictorTopology.HopCount; m++)
            {
                float[] embedding = [.. Enumerable.Range(0, batch.GraphCount).SelectMany(graph => network.GraphEmbedding(m, graph).ToArray())];
                results.Add(PredictorCases.Compare(name, $"{mode}.hop{m}.embedding", arrays.ReadSingle($"{mode}.hop{m}.embedding"), embedding));
            }
        }
        foreach (ParameterSlice slice in network.Parameters.Slices.Where(slice => !slice.Trained))
        {
            results.Add(PredictorCases.Compare(name, $"train.after.{slice.Name}", arrays.ReadSingle($"train.after.{slice.Name}"), network.Parameters.Of(slice)));
        }
    }

    private void Gradients(JsonElement values)
    {
        foreach ((string kind, PredictorLoss loss) in PredictorLossCases.Kinds)
        {
            if (!arrays.Tensors.ContainsKey($"grad.{kind}.head.output.bias")) continue;
            Restart();
            double value = Backward(loss);
            results.Add(PredictorCases.Compare(name, $"{kind}.loss", values.GetProperty(kind).GetDouble(), value));
            results.Add(PredictorCases.Compare(name, $"{kind}.gradient_norm", values.GetProperty($"{kind}.gradient_norm").GetDouble(), GradientNorm()));
            foreach (ParameterSlice slice in network.Parameters.Slices.Where(slice => slice.Trained && !noise.Contains(slice.Name)))
            {
                results.Add(PredictorCases.Compare(name, $"grad.{kind}.{slice.Name}", arrays.ReadSingle($"grad.{kind}.{slice.Name}"), network.Parameters.GradientOf(slice)));
            }
        }
    }

    private void Steps(string mode, JsonElement values)
    {
        if (!arrays.Tensors.ContainsKey($"step5.srcc.{mode}.head.output.bias")) return;
        Restart();
        var optimizer = new AdamW(network.Parameters.TrainedCount, WeightDecay);
        var schedule = new CosineSchedule(1e-3, ScheduleSteps);
        JsonElement losses = values.GetProperty($"srcc.{mode}.losses");
        for (int step = 0; step < 5; step++)
        {
            double loss = Backward(PredictorLoss.Srcc);
            results.Add(PredictorCases.Compare(name, $"srcc.{mode}.loss.{step}", losses[step].GetDouble(), loss));
            double clip = Math.Min(1, ClipNorm / GradientNorm());
            float times = (float)(mode switch { "plain" => 1, "clipped" => clip, _ => 1 + clip });
            foreach (ref float gradient in network.Parameters.Gradients.AsSpan()) gradient *= times;
            optimizer.Step(network.Parameters.Values, network.Parameters.Gradients, schedule.Rate(step));
            if (step is not (0 or 4)) continue;
            foreach (ParameterSlice slice in network.Parameters.Slices.Where(slice => !noise.Contains(slice.Name)))
            {
                string key = $"step{step + 1}.srcc.{mode}.{slice.Name}";
                if (arrays.Tensors.ContainsKey(key)) results.Add(PredictorCases.Compare(name, key, arrays.ReadSingle(key), network.Parameters.Of(slice), StepTolerance));
            }
        }
    }

    private double Backward(PredictorLoss kind) =>
        new BatchLoss(new RankingLoss(kind, [.. Enumerable.Range(0, PredictorTopology.HopCount)])).Backward(network, batch, features, targets);

    private double GradientNorm() => Math.Sqrt(network.Parameters.Gradients.Sum(gradient => (double)gradient * gradient));
}
