using System.Globalization;
using System.Text.Json;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Runs;

/// <summary>The fitted models in one safetensors file: the network of each fold, with the prefix <c>foldk.</c> on names
/// of arrays and metadata, and ridge regression as JSON in the metadata.</summary>
internal static class PredictorFile
{
    private const string CountKey = "folds";
    private const string FitKey = "fit";
    private const string RidgeKey = "ridge";

    /// <summary>Writes the models; <c>trained_on</c>, <c>training</c> and <c>ridge</c> in the metadata are
    /// JSON.</summary>
    internal static void Write(string path, IReadOnlyList<Predictor> predictors, RidgeSolution ridge, Fit fit)
    {
        var items = new List<SafetensorsWriter.Item>();
        var metadata = new Dictionary<string, string>
        {
            [CountKey] = $"{predictors.Count}",
            [FitKey] = fit.Identity,
            ["trained_on"] = JsonSerializer.Serialize(fit.TrainedOn, OwnJson.Compact),
            ["training"] = JsonSerializer.Serialize(fit.Options, OwnJson.Compact),
            [RidgeKey] = JsonSerializer.Serialize(ridge, OwnJson.Compact),
        };
        for (int fold = 0; fold < predictors.Count; fold++)
        {
            string prefix = $"fold{fold}.";
            PredictorParameters parameters = predictors[fold].Parameters;
            foreach ((string name, float[] values) in parameters.ToArrays())
            {
                items.Add(
                    SafetensorsWriter.Item.Single(
                        prefix + name,
                        [.. parameters.Slice(name).Shape.Select(extent => (long)extent)],
                        values
                    )
                );
            }
            foreach ((string key, string value) in predictors[fold].ToMetadata())
                metadata[prefix + key] = value;
        }
        SafetensorsWriter.Write(path, items, metadata);
    }

    /// <summary>Reads the networks of a fit.</summary>
    /// <exception cref="Q2Exception">The file is missing, damaged, of another kind, or belongs to another
    /// fit.</exception>
    internal static IReadOnlyList<Predictor> Read(RunDirectory run, Fit fit)
    {
        using SafetensorsFile file = Open(run, fit);
        return NetworksOf(file);
    }

    /// <summary>Reads the ridge regression with trends that was fitted to these trials.</summary>
    /// <exception cref="Q2Exception">The file is missing, damaged, of another kind, belongs to another fit, or has no
    /// usable ridge regression.</exception>
    internal static RidgeModel Ridge(RunDirectory run, Fit fit, TrainingSet trials)
    {
        using SafetensorsFile file = Open(run, fit);
        RidgeSolution? solution = RidgeOf(file);
        return (solution is null ? null : RidgeRegression.Restore(trials, solution))
            ?? throw RunIdentityException.Stale(
                file.FilePath,
                "it holds no ridge regression of these trials",
                Remedy.Fit
            );
    }

    /// <summary>Reads the ridge regression of an open file; null if it is absent or not valid JSON.</summary>
    internal static RidgeSolution? RidgeOf(SafetensorsFile file)
    {
        try
        {
            if (!file.Metadata.TryGetValue(RidgeKey, out string? json))
                return null;
            return JsonSerializer.Deserialize<RidgeSolution>(json, OwnJson.Compact);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static SafetensorsFile Open(RunDirectory run, Fit fit)
    {
        string path = run.PredictorWeightsOf(fit.Options.Loss.ToString());
        if (!File.Exists(path))
            throw new ModelFolderException($"{path}: not there yet; make it first.") { Remedy = Remedy.Fit };
        SafetensorsFile file = SafetensorsFile.Open(path);
        if (file.Metadata.GetValueOrDefault(FitKey) == fit.Identity)
            return file;
        file.Dispose();
        throw RunIdentityException.Stale(path, "its models are not those of the fit beside it", Remedy.Fit);
    }

    /// <summary>Reads the networks of an open file.</summary>
    /// <exception cref="Q2Exception">The file is damaged or of another kind.</exception>
    internal static IReadOnlyList<Predictor> NetworksOf(SafetensorsFile file)
    {
        if (
            !int.TryParse(file.Metadata.GetValueOrDefault(CountKey), CultureInfo.InvariantCulture, out int count)
            || count is < 0 or > 100
        )
        {
            throw new SafetensorsException(file.FilePath, "not a predictor file; make it again.")
            {
                Remedy = Remedy.Fit,
            };
        }
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(fold =>
                    Predictor.FromArrays(
                        file.Metadata.Where(pair => pair.Key.StartsWith($"fold{fold}.", StringComparison.Ordinal))
                            .ToDictionary(pair => pair.Key[$"fold{fold}.".Length..], pair => pair.Value),
                        name => file.ReadSingle($"fold{fold}.{name}")
                    )
                ),
        ];
    }
}
