using System.Text.Json;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Import;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>The simulated denoiser of the reference study, which labels allocations by known sensitivities instead of
/// images.</summary>
internal sealed class SimulatedStudy
{
    private const int NoiseStream = 1;

    private readonly double[][] sensitivity;
    private readonly (int A, int B, double Weight)[] pairs;
    private readonly double scale,
        offset,
        noise,
        bitsWeight;

    /// <summary>Reads a folder with dag.json and truth.json.</summary>
    internal SimulatedStudy(string folder)
    {
        Template = ExternalStudy.Parse(File.ReadAllText(Path.Combine(folder, "dag.json")), null);
        using JsonDocument truth = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "truth.json")));
        JsonElement root = truth.RootElement;
        sensitivity =
        [
            .. root.GetProperty("sensitivity")
                .EnumerateArray()
                .Select(row => row.EnumerateArray().Select(value => value.GetDouble()).ToArray()),
        ];
        pairs =
        [
            .. root.GetProperty("pairs")
                .EnumerateArray()
                .Select(pair =>
                    (
                        pair.GetProperty("a").GetInt32(),
                        pair.GetProperty("b").GetInt32(),
                        pair.GetProperty("weight").GetDouble()
                    )
                ),
        ];
        (scale, offset, noise) = (
            root.GetProperty("scale").GetDouble(),
            root.GetProperty("offset").GetDouble(),
            root.GetProperty("noise_std").GetDouble()
        );
        bitsWeight = root.GetProperty("bits_weight").GetDouble();
    }

    /// <summary>Graph and options of the study, without trials.</summary>
    internal TrainingSet Template { get; }

    /// <summary>True quality of an allocation (−FID) without noise.</summary>
    internal double Quality(IReadOnlyList<int> options)
    {
        double damage = options.Select((option, w) => sensitivity[w][option]).Sum();
        foreach ((int a, int b, double weight) in pairs)
            damage += weight * Math.Sqrt(sensitivity[a][options[a]] * sensitivity[b][options[b]]);
        return -(offset + (scale * damage));
    }

    /// <summary>Draws trial k of a seed by the paper's sampler; its label is the quality plus the study's
    /// noise.</summary>
    internal PredictorTrial Trial(ulong seed, int number)
    {
        var random = new Pcg32(seed, (ulong)number);
        double p = random.NextDouble();
        IReadOnlyList<OptionCode> options = Template.Features.Options;
        int[] few = Indices(2),
            many = Indices(1);
        int[] chosen =
        [
            .. Enumerable
                .Range(0, Template.Features.WeightCount)
                .Select(_ => (random.NextDouble() < p ? few : many) is var pool ? pool[random.Next(pool.Length)] : 0),
        ];
        return Labelled(chosen, seed, number);

        int[] Indices(int bitCode) => [.. Enumerable.Range(0, options.Count).Where(o => options[o].BitCode == bitCode)];
    }

    /// <summary>The trial of <see cref="Trial(ulong, int)"/> with the study's target as label: quality minus a penalty
    /// on average bits.</summary>
    internal PredictorTrial TargetTrial(ulong seed, int number)
    {
        PredictorTrial trial = Trial(seed, number);
        return trial with { Target = trial.Target - (bitsWeight * trial.AverageBits) };
    }

    /// <summary>Labels an allocation; the noise depends only on seed and number.</summary>
    internal PredictorTrial Labelled(int[] chosen, ulong seed, int number)
    {
        double error = noise * new Pcg32(seed + NoiseStream, (ulong)number).NextNormal();
        return new PredictorTrial(chosen, Quality(chosen) + error, Template.Features.AverageBits(chosen));
    }

    /// <summary>The study with these trials.</summary>
    internal TrainingSet With(IReadOnlyList<PredictorTrial> trials, IReadOnlyList<IReadOnlyList<int>>? folds = null) =>
        new(Template.Topology, Template.Features, trials, Template.WeightNames, folds);
}
