using System.Text;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>Scores of a model in the form in which models are compared.</summary>
/// <param name="Model">A name of <see cref="ModelNames"/>, or <c>network-LOSS</c> for other losses.</param>
/// <param name="Operations">Scores of single weights, [weight · options + option]; larger is better.</param>
/// <param name="Unit">Scores of every option combination of a unit; the first weight's option is the most significant
/// digit.</param>
internal sealed record ModelScoreSource(string Model, double[] Operations, Func<PredictorUnit, double[]> Unit)
{
    /// <summary>A model whose score of a unit is the sum of its weights' scores.</summary>
    public static ModelScoreSource Additive(string model, double[] operations, int optionCount) =>
        new(
            model,
            operations,
            unit => UnitCombinations.Sums(unit.Weights, optionCount, (w, o) => operations[(w * optionCount) + o])
        );
}

/// <summary>
/// True sensitivities of a simulated study, to check scores with and never to train on: damage(c) = Σ s[w][c_w] + Σ
/// over pairs (a, b, weight) of weight·√(s[a][c_a]·s[b][c_b]).
/// </summary>
internal sealed class TrueSensitivity
{
    // Largest number of combinations of a unit that are compared: the time of Kendall's τ grows with their square.
    private const int MaxCombinations = 1500;

    private readonly double[][] sensitivity;
    private readonly IReadOnlyList<(int A, int B, double Weight)> pairs;
    private readonly double scale;
    private readonly double? bitsWeight;

    private TrueSensitivity(
        double[][] sensitivity,
        IReadOnlyList<(int A, int B, double Weight)> pairs,
        double scale,
        double? bitsWeight
    ) => (this.sensitivity, this.pairs, this.scale, this.bitsWeight) = (sensitivity, pairs, scale, bitsWeight);

    private sealed record TruthFile(
        double[][]? Sensitivity,
        string[]? Layers,
        string[]? OptionOrder,
        TruthPair[]? Pairs,
        double? Scale,
        double? BitsWeight
    )
    {
        internal static TruthFile Of(ForeignValue file)
        {
            return new TruthFile(
                Items(file["sensitivity"])?.Select(row => row.Items.Select(Finite).ToArray()).ToArray(),
                Names(file["layers"]),
                Names(file["option_order"]),
                Items(file["pairs"])
                    ?.Select(pair => new TruthPair(pair["a"].Int(), pair["b"].Int(), Finite(pair["weight"])))
                    .ToArray(),
                FiniteOrNull(file["scale"]),
                FiniteOrNull(file["bits_weight"])
            );

            static IReadOnlyList<ForeignValue>? Items(ForeignValue list) => list.IsNull ? null : list.Items;
            static string[]? Names(ForeignValue list) => Items(list)?.Select(name => name.Text()).ToArray();
            static double Finite(ForeignValue number) =>
                double.IsFinite(number.Number()) ? number.Number() : throw number.Fault("a finite number");
            static double? FiniteOrNull(ForeignValue number) => number.IsNull ? null : Finite(number);
        }
    }

    private sealed record TruthPair(int A, int B, double Weight);

    /// <summary>True sensitivities without interactions, as stated in a graph.</summary>
    /// <param name="values">Sensitivities, [weight][option]; larger is worse.</param>
    public static TrueSensitivity Of(IReadOnlyList<IReadOnlyList<double>> values) =>
        new([.. values.Select(row => row.ToArray())], [], 1, null);

    /// <summary>Reads the file of <c>--truth</c> (docs/formats.md).</summary>
    /// <param name="json">Content of the file.</param>
    /// <param name="study">Study with the weights and options of the file.</param>
    /// <exception cref="Q2Exception">The text is not such a file, or does not fit the study.</exception>
    public static TrueSensitivity Parse(string json, TrainingSet study) =>
        Of(ForeignJson.Parse(Encoding.UTF8.GetBytes(json), "true sensitivities", byHand: true), study);

    /// <summary>Reads the file of <c>--truth</c> (docs/formats.md).</summary>
    /// <param name="document">The parsed file.</param>
    /// <param name="study">Study with the weights and options of the file.</param>
    /// <exception cref="Q2Exception">The document is not such a file, or does not fit the study.</exception>
    public static TrueSensitivity Of(ForeignValue document, TrainingSet study)
    {
        ArgumentNullException.ThrowIfNull(study);
        TruthFile file = TruthFile.Of(document);
        OptionFeatures features = study.Features;
        if (file.Sensitivity is not { } rows)
            throw Fault("there is no 'sensitivity' (a list of weights, each a list of options)");
        if (rows.Length != features.WeightCount)
            throw Fault($"'sensitivity' has {rows.Length} rows; the graph has {features.WeightCount} weights");
        int[] columns = Order(file.OptionOrder, [.. features.Options.Select(option => option.Name)], "option_order");
        int[] weights = Order(file.Layers, study.WeightNames, "layers");
        for (int w = 0; w < rows.Length; w++)
        {
            if (rows[w] is null || rows[w].Length != features.OptionCount)
                throw Fault(
                    $"row {w} of 'sensitivity' has {rows[w]?.Length ?? 0} numbers; there are {features.OptionCount} options"
                );
        }
        TruthPair[] pairs = file.Pairs ?? [];
        int[] place = new int[weights.Length];
        for (int w = 0; w < weights.Length; w++)
            place[weights[w]] = w;
        foreach (TruthPair pair in pairs)
        {
            if ((uint)pair.A >= (uint)rows.Length || (uint)pair.B >= (uint)rows.Length)
                throw Fault($"a pair joins {pair.A} and {pair.B}; there are {rows.Length} weights");
        }
        return new TrueSensitivity(
            [.. weights.Select(row => columns.Select(column => rows[row][column]).ToArray())],
            [.. pairs.Select(pair => (place[pair.A], place[pair.B], pair.Weight))],
            file.Scale ?? 1,
            file.BitsWeight
        );

        static PredictorFormatException Fault(string text) =>
            new($"The true sensitivities do not fit: {text}. The layout is described in docs/formats.md.");

        // Position in the file of each of the study's names.
        static int[] Order(string[]? listed, IReadOnlyList<string> known, string what)
        {
            if (listed is null)
                return [.. Enumerable.Range(0, known.Count)];
            int[] found = [.. known.Select(name => Array.IndexOf(listed, name))];
            int missing = Array.IndexOf(found, -1);
            if (missing >= 0 || listed.Length != known.Count)
                throw Fault(
                    $"'{what}' lists {listed.Length} names, {(missing >= 0 ? $"but not '{known[missing]}'" : $"not {known.Count}")}"
                );
            return found;
        }
    }

    /// <summary>True effect on the label, [weight · options + option], larger is better: without interactions, but with
    /// the size term if the file states one.</summary>
    internal double[] Scores(OptionFeatures features)
    {
        double perByte = (bitsWeight ?? 0) * features.OriginalBits / features.TotalOriginalBytes;
        return
        [
            .. sensitivity.SelectMany(
                (row, w) => row.Select((value, o) => -(scale * value) - (perByte * features.QuantizedBytes(w, o)))
            ),
        ];
    }

    /// <summary>Compares the scores of models with the truth.</summary>
    /// <param name="study">The study.</param>
    /// <param name="units">The study's units; those with one weight are left out.</param>
    /// <param name="sources">The models to compare.</param>
    public TruthAgreement Compare(
        TrainingSet study,
        IReadOnlyList<PredictorUnit> units,
        IReadOnlyList<ModelScoreSource> sources
    )
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(units);
        ArgumentNullException.ThrowIfNull(sources);
        PredictorUnit[] groups = [.. units.Where(unit => unit.Weights.Count > 1)];
        OptionFeatures features = study.Features;
        var effects = new List<(string Name, Func<int, int, double> Single, double Interaction)>
        {
            ("sensitivity", (w, o) => -sensitivity[w][o], -1),
        };
        if (bitsWeight is { } bits)
        {
            double perByte = bits * features.OriginalBits / features.TotalOriginalBytes;
            effects.Add(
                ("target", (w, o) => -(scale * sensitivity[w][o]) - (perByte * features.QuantizedBytes(w, o)), -scale)
            );
        }
        return new TruthAgreement(
            groups.Length,
            [
                .. sources.SelectMany(source =>
                    effects.Select(effect =>
                        Row(features, groups, source, effect.Name, effect.Single, effect.Interaction)
                    )
                ),
            ]
        );
    }

    private TruthRow Row(
        OptionFeatures features,
        PredictorUnit[] units,
        ModelScoreSource source,
        string against,
        Func<int, int, double> single,
        double interaction
    )
    {
        int options = features.OptionCount;
        double[] truth =
        [
            .. Enumerable.Range(0, features.WeightCount * options).Select(i => single(i / options, i % options)),
        ];
        double within = Mean(
            Enumerable
                .Range(0, features.WeightCount)
                .Select(w =>
                    RankStatistics.KendallTauB(
                        source.Operations.AsSpan(w * options, options),
                        truth.AsSpan(w * options, options)
                    )
                )
        );
        double weights = RankStatistics.KendallTauB(
            FewerBitsCosts.Of(features, (w, o) => source.Operations[(w * options) + o]),
            FewerBitsCosts.Of(features, single)
        );
        double[] perUnit = new double[units.Length],
            found = new double[units.Length],
            known = new double[units.Length];
        for (int u = 0; u < units.Length; u++)
        {
            IReadOnlyList<int> members = units[u].Weights;
            double[] scores = source.Unit(units[u]),
                effect = UnitCombinations.Sums(members, options, single);
            AddInteractions(members, options, interaction, effect);
            int[] chosen = Sample(scores.Length);
            perUnit[u] = RankStatistics.KendallTauB(
                [.. chosen.Select(c => scores[c])],
                [.. chosen.Select(c => effect[c])]
            );
            found[u] = UnitCombinations.FewerBitsCost(features, members, scores);
            known[u] = UnitCombinations.FewerBitsCost(features, members, effect);
        }
        return new TruthRow(
            source.Model,
            against,
            Defined(within),
            Defined(weights),
            Defined(RankStatistics.KendallTauB(Centred(source.Operations, options), Centred(truth, options))),
            Defined(Mean(perUnit)),
            Defined(units.Length < 2 ? double.NaN : RankStatistics.KendallTauB(found, known))
        );
    }

    private void AddInteractions(IReadOnlyList<int> members, int options, double factor, double[] effect)
    {
        foreach ((int a, int b, double weight) in pairs)
        {
            (int first, int second) = (IndexOf(a), IndexOf(b));
            if (first < 0 || second < 0)
                continue;
            for (int c = 0; c < effect.Length; c++)
            {
                double product =
                    sensitivity[a][UnitCombinations.Option(c, first, members.Count, options)]
                    * sensitivity[b][UnitCombinations.Option(c, second, members.Count, options)];
                effect[c] += factor * weight * Math.Sqrt(Math.Max(0, product));
            }
        }

        int IndexOf(int weight)
        {
            for (int i = 0; i < members.Count; i++)
                if (members[i] == weight)
                    return i;
            return -1;
        }
    }

    internal static double[] Centred(double[] values, int options)
    {
        double[] means = [.. values.Chunk(options).Select(row => row.Average())];
        return [.. values.Select((value, i) => value - means[i / options])];
    }

    private static int[] Sample(int combinations)
    {
        int[] all = [.. Enumerable.Range(0, combinations)];
        if (combinations <= MaxCombinations)
            return all;
        new Pcg32(0, (ulong)combinations).Shuffle<int>(all);
        return all[..MaxCombinations];
    }

    private static double Mean(IEnumerable<double> values) =>
        values.Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average();

    private static double? Defined(double value) => double.IsNaN(value) ? null : value;
}
