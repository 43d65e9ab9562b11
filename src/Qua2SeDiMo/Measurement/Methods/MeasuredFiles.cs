using System.Globalization;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Storage;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Measurement.Methods;

/// <summary>
/// Files with the numbers of a measurement, one per image, named by a hash of everything that they depend on. Several
/// processes may add files, and an existing file is not made again, unless it has fewer cotangents than requested.
/// </summary>
internal sealed class MeasuredFiles
{
    private const int NameLength = 12;
    private const string Tensor = "effects",
        ActivationTensor = "activations",
        ActivationBits = "activation_bits",
        Settings = "settings",
        LockSuffix = ".lock",
        Steps = "steps";

    private readonly string folder;
    private readonly MeasureOptions options;
    private readonly QuantizerBank bank;
    private readonly string[] weights;
    private readonly string[] settings;

    internal MeasuredFiles(OpenModel model, QuantizerBank bank, RunDirectory run, MeasureOptions options)
    {
        (folder, this.bank, this.options) = (run.MeasuredImages, bank, options);
        weights = [.. model.Graph.Weights.Select(weight => weight.Weight.Name)];
        LockFile.SweepIn(folder, $"*{LockSuffix}");
        IReadOnlyList<string> prompts = options.Study.ReadPrompts();
        settings = [.. prompts.Select((prompt, image) => OfImage(model, prompt, image).Fingerprint)];
    }

    /// <summary>Number of images.</summary>
    internal int Count => settings.Length;

    /// <summary>Indices of the images without a usable file.</summary>
    internal int[] Missing() => [.. Enumerable.Range(0, Count).Where(image => !Has(image))];

    /// <summary>Whether an image has a usable file.</summary>
    internal bool Has(int image) => Read(image, (_, steps) => steps) is not null;

    /// <summary>Locks an image for this process; null if another process holds the lock.</summary>
    internal LockFile? TryTake(int image)
    {
        AtomicFile.MakeFolder(folder);
        return LockFile.TryTake(Path.ChangeExtension(PathOf(image), LockSuffix));
    }

    /// <summary>Writes the numbers of an image.</summary>
    internal void Write(int image, Effects effects, int row)
    {
        int columns = effects.Columns,
            own = effects.Options.Count;
        float[][] rows = [.. effects.Image(row).ToArray().Select(value => (float)value).Chunk(columns)];
        SafetensorsWriter.Item Item(string name, int from, int count) =>
            SafetensorsWriter.Item.Single(
                name,
                [effects.Cotangents, effects.Steps.Count, effects.Weights.Count, count],
                rows.SelectMany(numbers => numbers.Skip(from).Take(count)).ToArray()
            );
        var metadata = new Dictionary<string, string>
        {
            [Settings] = settings[image],
            [Steps] = string.Join(' ', effects.Steps),
        };
        var items = new List<SafetensorsWriter.Item> { Item(Tensor, 0, own) };
        if (columns > own)
        {
            items.Add(Item(ActivationTensor, own, columns - own));
            metadata[ActivationBits] = Words(effects.ActivationBits);
        }
        SafetensorsWriter.Write(PathOf(image), items, metadata);
    }

    /// <summary>Reads the numbers of all images; null if one is missing.</summary>
    internal Effects? ReadAll()
    {
        Effects? effects = null;
        for (int image = 0; image < Count; image++)
        {
            if (
                Read(image, (file, steps) => new Numbers(steps, Of(file, Tensor), Of(file, ActivationTensor)))
                is not { } read
            )
                return null;
            effects ??= new Effects(
                options.Kind,
                weights,
                bank.Options,
                read.Steps,
                Count,
                options.Draws,
                options.ActivationBits
            );
            read.CopyTo(effects.Image(image), effects);
        }
        return effects;
    }

    // Bits that were not asked for are not read.
    private float[] Of(SafetensorsFile file, string tensor) =>
        tensor == Tensor || options.ActivationBits.Count > 0 ? file.ReadSingle(tensor) : [];

    private StudySettings OfImage(OpenModel model, string prompt, int image)
    {
        StudyOptions one = options.Study with
        {
            ImageCount = 1,
            FirstPrompt = 0,
            Prompts = [prompt],
            Seed = options.Study.ImageSeeds[image],
            SharedNoise = false,
            Scoring = new ScoringFiles(null, null, null),
        };
        return one.ToSettings(model, options.Describe(image, bank.SourceFingerprint));
    }

    // Null if the file is missing, cannot be read, or has too few cotangents.
    private T? Read<T>(int image, Func<SafetensorsFile, int[], T> take)
        where T : class
    {
        string path = PathOf(image);
        if (!File.Exists(path))
            return null;
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            if (
                file.Metadata.GetValueOrDefault(Settings) != settings[image]
                || !file.Tensors.TryGetValue(Tensor, out TensorInfo? info)
            )
                return null;
            int[] steps =
            [
                .. file.Metadata[Steps].Split(' ').Select(step => int.Parse(step, CultureInfo.InvariantCulture)),
            ];
            bool fits =
                Fits(info, steps.Length, bank.Options.Count)
                && (
                    options.ActivationBits.Count == 0
                    || (
                        file.Metadata.GetValueOrDefault(ActivationBits) == Words(options.ActivationBits)
                        && file.Tensors.TryGetValue(ActivationTensor, out TensorInfo? rounded)
                        && Fits(rounded, steps.Length, options.ActivationBits.Count)
                        && rounded.Shape[0] == info.Shape[0]
                    )
                );
            return fits ? take(file, steps) : null;
        }
        catch (Exception error) when (error is Q2Exception or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }

    private bool Fits(TensorInfo info, int steps, int columns) =>
        info.Shape.Count == 4
        && info.Shape.Skip(1).SequenceEqual([steps, weights.Length, columns])
        && info.Shape[0] >= options.Draws;

    private static string Words(IEnumerable<int> numbers) =>
        string.Join(' ', numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)));

    private string PathOf(int image) =>
        Path.Combine(
            folder,
            string.Create(CultureInfo.InvariantCulture, $"{image:0000}-{settings[image][..NameLength]}.safetensors")
        );

    // What a file holds: [cotangents, steps, weights, options], and the same with bits of inputs.
    private sealed record Numbers(int[] Steps, float[] Weights, float[] Inputs)
    {
        internal void CopyTo(Span<double> own, Effects effects)
        {
            int options = effects.Options.Count,
                widths = effects.ActivationBits.Count;
            for (int i = 0; i < own.Length; i++)
            {
                (int row, int column) = Math.DivRem(i, effects.Columns);
                own[i] =
                    column < options ? Weights[(row * options) + column] : Inputs[(row * widths) + column - options];
            }
        }
    }
}
