using System.Globalization;
using System.Text.Json;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Network;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Runs;

/// <summary>
/// Checkpoints of a fit, one safetensors file per fold, from which an interrupted <c>q2 fit</c> resumes. The header
/// records study, options and program version; a checkpoint of another study, other options or another version is
/// ignored, and so is a damaged file.
/// </summary>
internal sealed class FitCheckpoints
{
    private readonly string folder;
    private readonly string trainedOn;
    private readonly string training;

    /// <summary>Creates the access to one fit's checkpoints.</summary>
    /// <param name="folder">Folder of the files.</param>
    /// <param name="origin">The trials that are trained on.</param>
    /// <param name="options">Training options; the number of threads is ignored.</param>
    internal FitCheckpoints(string folder, TrainedOn origin, PredictorOptions options)
    {
        this.folder = folder;
        trainedOn = JsonSerializer.Serialize(
            new
            {
                origin.Target,
                origin.TrialCount,
                origin.WeightCount,
                origin.Fingerprint,
            },
            OwnJson.Compact
        );
        training = JsonSerializer.Serialize(options with { Threads = 0 }, OwnJson.Compact);
    }

    /// <summary>The checkpoint of a fold: its stored state, if any, and the callback that stores new ones.</summary>
    internal TrainingCheckpoint Of(int fold) => new(Read(fold), state => Write(fold, state));

    /// <summary>Deletes all checkpoints, and the folder if it is empty then.</summary>
    internal void Delete()
    {
        if (!Directory.Exists(folder))
            return;
        foreach (string file in Directory.EnumerateFiles(folder, "fold*.safetensors"))
        {
            FaultPoint.Reach(StorageStep.Delete, file);
            File.Delete(file);
        }
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }

    private string PathOf(int fold) => Path.Combine(folder, $"fold{fold}.safetensors");

    private Dictionary<string, string> Belonging(int fold) =>
        new(StringComparer.Ordinal)
        {
            ["format"] = "qua2sedimo-training-1",
            ["q2"] = ProgramVersions.Q2,
            ["trained_on"] = trainedOn,
            ["training"] = training,
            ["fold"] = fold.ToString(CultureInfo.InvariantCulture),
        };

    private void Write(int fold, TrainingState state)
    {
        Dictionary<string, string> metadata = Belonging(fold);
        metadata["epoch"] = state.Epoch.ToString(CultureInfo.InvariantCulture);
        metadata["finished"] = state.Finished.ToString();
        metadata["random"] = state.Random.ToString(CultureInfo.InvariantCulture);
        metadata["steps"] = state.Steps.ToString(CultureInfo.InvariantCulture);
        var items = new List<SafetensorsWriter.Item>
        {
            SafetensorsWriter.Item.Int64(
                "order",
                [state.Order.Length],
                state.Order.Select(trial => (long)trial).ToArray()
            ),
        };
        Add(items, "weights", state.Weights);
        Add(items, "moments", state.Moments);
        if (state.Best is { } best)
        {
            metadata["best_epoch"] = best.Epoch.ToString(CultureInfo.InvariantCulture);
            metadata["best_rank"] = best.Rank.ToString("R", CultureInfo.InvariantCulture);
            Add(items, "best", best.Weights);
        }
        SafetensorsWriter.Write(PathOf(fold), items, metadata);
    }

    private TrainingState? Read(int fold)
    {
        string path = PathOf(fold);
        if (!File.Exists(path))
            return null;
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            IReadOnlyDictionary<string, string> metadata = file.Metadata;
            if (Belonging(fold).Any(pair => metadata.GetValueOrDefault(pair.Key) != pair.Value))
                return null;
            BestEpoch? best = !metadata.TryGetValue("best_epoch", out string? epoch)
                ? null
                : new BestEpoch(
                    double.Parse(metadata["best_rank"], CultureInfo.InvariantCulture),
                    Number(epoch),
                    Arrays(file, "best")
                );
            return new TrainingState(
                Number(metadata["epoch"]),
                bool.Parse(metadata["finished"]),
                ulong.Parse(metadata["random"], CultureInfo.InvariantCulture),
                [.. file.ReadInt64("order").Select(trial => checked((int)trial))],
                Arrays(file, "weights"),
                Arrays(file, "moments"),
                Number(metadata["steps"]),
                best
            );
        }
        catch (Exception error)
            when (error is Q2Exception or IOException or KeyNotFoundException or FormatException or OverflowException)
        {
            return null;
        }

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }

    private static void Add(List<SafetensorsWriter.Item> items, string name, NetworkWeights arrays)
    {
        items.Add(SafetensorsWriter.Item.Single($"{name}.first", [arrays.First.Length], arrays.First));
        items.Add(SafetensorsWriter.Item.Single($"{name}.second", [arrays.Second.Length], arrays.Second));
    }

    private static NetworkWeights Arrays(SafetensorsFile file, string name) =>
        new(file.ReadSingle($"{name}.first"), file.ReadSingle($"{name}.second"));
}
