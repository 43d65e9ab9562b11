using System.Text.Json;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Verification;

/// <summary>Reference scores of single operations and of blocks by the predictors of five folds:
/// <c>scores.json</c>.</summary>
internal static class SensitivityCases
{
    /// <summary>Runs every case.</summary>
    /// <param name="path">Folder with <c>scores.json</c>, or that file.</param>
    /// <returns>One result per array; empty if the file does not exist.</returns>
    public static IReadOnlyList<VerificationResult> Verify(string path)
    {
        string file = File.Exists(path) ? path : Path.Combine(path, "scores.json");
        return File.Exists(file)
            ? Comparison.Guard(Path.GetFileNameWithoutExtension(file), () => VerifyFile(file))
            : [];
    }

    private static List<VerificationResult> VerifyFile(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        using SafetensorsFile arrays = SafetensorsFile.Open(Path.ChangeExtension(file, ".safetensors"));
        var stored = new StoredArrays("scores", arrays);
        var results = new List<VerificationResult>();
        var folds = new List<Predictor>();
        try
        {
            for (int f = 0; arrays.Tensors.ContainsKey($"fold{f}.hop_mean"); f++)
            {
                var network = new PredictorNetwork(PredictorArrays.Shape(arrays, $"fold{f}."));
                network.Parameters.Load(name => arrays.ReadSingle($"fold{f}.{name}"));
                var predictor = new Predictor(network, new TargetScale(0, 1, false), PredictorLoss.Hybrid);
                folds.Add(predictor);
                Moments(predictor, f, stored, results);
            }
            Operations(folds, stored, results);
            foreach (JsonProperty block in document.RootElement.GetProperty("blocks").EnumerateObject())
                Block(block.Name, block.Value, folds, stored, results);
        }
        finally
        {
            foreach (Predictor fold in folds)
                fold.Dispose();
        }
        return results;
    }

    private static void Moments(Predictor predictor, int fold, StoredArrays stored, List<VerificationResult> results)
    {
        if (stored.Holds("moments.x"))
        {
            GraphStructure structure = PredictorArrays.Structure(stored.File, "moments.edges", null);
            int[] rows = [.. Enumerable.Range(0, structure.NodeCount)];
            var study = new StudyRows(
                stored.Read("moments.x"),
                RowPlan.Build(structure, 1, rows, PredictorTopology.HopCount - 1)
            );
            predictor.MeasureMoments(study, [0]);
            results.Add(stored.Compare($"fold{fold}.hop_mean", [.. predictor.HopMean.Select(v => (float)v)]));
            results.Add(stored.Compare($"fold{fold}.hop_std", [.. predictor.HopDeviation.Select(v => (float)v)]));
        }
        for (int m = 0; m < PredictorTopology.HopCount; m++)
        {
            predictor.HopMean[m] = stored.Read($"fold{fold}.hop_mean")[m];
            predictor.HopDeviation[m] = stored.Read($"fold{fold}.hop_std")[m];
            predictor.HopWeight[m] = stored.Read($"fold{fold}.hop_weight")[m];
        }
    }

    private static void Operations(List<Predictor> folds, StoredArrays stored, List<VerificationResult> results)
    {
        IReadOnlyList<long> shape = stored.Info("operation.x").Shape;
        int weights = (int)shape[0],
            options = (int)shape[1];
        float[] features = stored.Read("operation.x");
        var rows = new UnitRows([0], [], 0, options);
        float[] foldScores = new float[weights * folds.Count * options];
        double[] total = new double[weights * options];
        for (int w = 0; w < weights; w++)
        {
            for (int f = 0; f < folds.Count; f++)
            {
                double[] scores = HopScores.Score(folds[f], rows, features, [w * options]);
                for (int o = 0; o < options; o++)
                {
                    foldScores[(((w * folds.Count) + f) * options) + o] = (float)scores[o];
                    total[(w * options) + o] += scores[o];
                }
            }
        }
        results.Add(stored.Compare("operation.fold_score", foldScores));
        results.Add(stored.Compare("operation.score", [.. total.Select(v => (float)v)]));
        double[] best =
        [
            .. Enumerable.Range(0, weights).Select(w => (double)ArgMax(total.AsSpan(w * options, options))),
        ];
        results.Add(
            Comparison.Of(
                "scores",
                "operation.best",
                [.. stored.ReadIntegers("operation.best").Select(v => (double)v)],
                best,
                0
            )
        );
    }

    private static void Block(
        string name,
        JsonElement block,
        List<Predictor> folds,
        StoredArrays stored,
        List<VerificationResult> results
    )
    {
        (UnitRows rows, float[] features, int[] firstRow) = Rows(name, block, stored);
        double[] total = new double[rows.CombinationCount];
        var foldScores = new List<float>();
        foreach (Predictor fold in folds)
        {
            double[] scores = HopScores.Score(fold, rows, features, firstRow);
            foldScores.AddRange(scores.Select(v => (float)v));
            for (int c = 0; c < total.Length; c++)
                total[c] += scores[c];
        }
        results.Add(stored.Compare($"{name}.fold_score", [.. foldScores]));
        results.Add(stored.Compare($"{name}.score", [.. total.Select(v => (float)v)]));
        results.Add(
            Comparison.Of(
                "scores",
                $"{name}.best",
                [.. JsonArrays.Doubles(block.GetProperty("best"))],
                Digits(ArgMax(total), rows),
                0
            )
        );
        results.Add(
            Comparison.Of(
                "scores",
                $"{name}.worst",
                [.. JsonArrays.Doubles(block.GetProperty("worst"))],
                Digits(ArgMax([.. total.Select(v => -v)]), rows),
                0
            )
        );
    }

    // Each weight of a block has one row per option; a combine node has one row.
    private static (UnitRows Rows, float[] Features, int[] FirstRow) Rows(
        string name,
        JsonElement block,
        StoredArrays stored
    )
    {
        JsonElement[] nodes = [.. block.GetProperty("nodes").EnumerateArray()];
        (int, int)[] edges =
        [
            .. block.GetProperty("edges").EnumerateArray().Select(edge => (edge[0].GetInt32(), edge[1].GetInt32())),
        ];
        int options = (int)stored.Info($"{name}.options").Shape[1];
        float[] four = stored.Read($"{name}.options");
        var features = new List<float>();
        int[] firstRow = new int[nodes.Length],
            weightOfNode = new int[nodes.Length];
        int weight = 0;
        for (int v = 0; v < nodes.Length; v++)
        {
            bool isWeight = nodes[v].GetProperty("kind").GetString() == "weight";
            firstRow[v] = features.Count / 6;
            weightOfNode[v] = isWeight ? weight++ : -1;
            for (int option = 0; option < (isWeight ? options : 1); option++)
            {
                features.AddRange(isWeight ? four.AsSpan(((weightOfNode[v] * options) + option) * 4, 4) : [0, 0, 0, 0]);
                features.Add(nodes[v].GetProperty("block").GetInt32());
                features.Add(nodes[v].GetProperty("layer_code").GetInt32());
            }
        }
        return (
            new UnitRows(weightOfNode, edges, block.GetProperty("hop").GetInt32(), options),
            [.. features],
            firstRow
        );
    }

    private static double[] Digits(int combination, UnitRows rows)
    {
        double[] digits = new double[rows.WeightCount];
        for (int i = digits.Length - 1; i >= 0; i--, combination /= rows.OptionCount)
            digits[i] = combination % rows.OptionCount;
        return digits;
    }

    private static int ArgMax(ReadOnlySpan<double> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best])
                best = i;
        }
        return best;
    }
}
