using System.Globalization;
using System.Text.Json;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Network;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Runs;

/// <summary>The networks of all folds in one safetensors file: arrays and metadata of fold k carry the prefix
/// <c>foldk.</c>.</summary>
internal static class PredictorFile
{
    private const string CountKey = "folds";
    private const string FitKey = "fit";

    /// <summary>Writes the networks; the header's <c>trained_on</c> and <c>training</c> are JSON.</summary>
    internal static void Write(string path, IReadOnlyList<Predictor> predictors, Fit fit)
    {
        var items = new List<SafetensorsWriter.Item>();
        var metadata = new Dictionary<string, string>
        {
            [CountKey] = $"{predictors.Count}",
            [FitKey] = fit.Identity,
            ["trained_on"] = JsonSerializer.Serialize(fit.TrainedOn, OwnJson.Compact),
            ["training"] = JsonSerializer.Serialize(fit.Options, OwnJson.Compact),
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

    /// <summary>The networks of a fit.</summary>
    /// <exception cref="Q2Exception">The file is missing, damaged, of another kind or of another fit.</exception>
    internal static IReadOnlyList<Predictor> Read(RunDirectory run, Fit fit)
    {
        string path = run.PredictorWeightsOf(fit.Options.Loss.ToString());
        if (!File.Exists(path))
            throw new ModelFolderException($"{path}: not there yet; make it first.") { Remedy = Remedy.Fit };
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (file.Metadata.GetValueOrDefault(FitKey) != fit.Identity)
        {
            throw RunIdentityException.Stale(path, "its networks are not those of the fit beside it", Remedy.Fit);
        }
        return NetworksOf(file);
    }

    /// <summary>The networks of an open file.</summary>
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
