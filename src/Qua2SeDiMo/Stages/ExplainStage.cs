using Qua2SeDiMo.Json;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Stages;

/// <summary>Options of an explanation.</summary>
internal sealed record ExplainOptions
{
    /// <summary>Loss of the main fit; null for the fit whose network ranks held-out trials best. Networks with other
    /// losses are scored for comparison.</summary>
    public PredictorLoss? Loss { get; init; }

    /// <summary>Pairs of weights, units, operator types or blocks to compare.</summary>
    public IReadOnlyList<(string First, string Second)> Compare { get; init; } = [];

    /// <summary>Number of networks to refit on resampled trials; 0 uses those of an earlier call.</summary>
    public int Bootstrap { get; init; }

    /// <summary>Epochs of each refit; 0 for those of the stored refits, or 40.</summary>
    public int BootstrapEpochs { get; init; }

    /// <summary>True sensitivities to compare scores with; null if unknown.</summary>
    public TrueSensitivity? Truth { get; init; }
}

/// <summary>Computes the scores of every weight and unit from the fitted models.</summary>
public static class ExplainStage
{
    private const int ClaimedWeights = 3;

    /// <summary>Scores every weight and every unit under every option, by the fit to a run's own study.</summary>
    /// <exception cref="Q2Exception">There is no fit, or it does not belong to the study's current trials.</exception>
    public static SensitivityRecord Run(
        OpenModel model,
        RunDirectory run,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        Fit fit = FittedFiles.Main(run);
        return Run(
            StudyTrials.Read(model, run, Objective.Parse(fit.Objective)),
            run,
            new ExplainOptions(),
            progress,
            cancellationToken
        );
    }

    /// <summary>Scores every weight and every unit of any labelled trials under every option, and writes the
    /// explanation.</summary>
    /// <param name="study">The trials that the fit was made from.</param>
    /// <param name="run">The run directory with the fit.</param>
    /// <param name="options">Loss, comparisons, resamples, truth.</param>
    /// <param name="progress">Receives the progress of every step.</param>
    /// <param name="cancellationToken">Cancels between steps.</param>
    /// <exception cref="Q2Exception">There is no fit, or it was made from other trials; or a name to compare is
    /// unknown.</exception>
    internal static SensitivityRecord Run(
        LabelledStudy study,
        RunDirectory run,
        ExplainOptions options,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(options);
        Fit main = FittedFiles.Main(run, options.Loss);
        main.RequireOf(study.Origin, run);
        // Names to compare are resolved first, so that an unknown one fails before the work.
        (WeightGroup First, WeightGroup Second)[] asked =
        [
            .. options.Compare.Select(pair =>
                (
                    WeightGroups.Find(pair.First, study.Weights, study.Units),
                    WeightGroups.Find(pair.Second, study.Weights, study.Units)
                )
            ),
        ];
        using var networks = Networks.Score(study, run, main, options, progress, cancellationToken);
        progress?.Report(new StageProgress("Explaining", 0, 2, "ridge regression"));
        RidgeModel model = PredictorFile.Ridge(run, main, study.Training);
        SensitivityResult ridge = SensitivityAnalysis.OfRidge(
            study.Training,
            model,
            cancellationToken: cancellationToken
        );
        SensitivityResult? network = networks.All.FirstOrDefault(scored => scored.Loss == Name(main))?.Scores;
        string decides = network is null ? ModelNames.Ridge : PredictorChoice.Between(main.Result.Models).Model;
        var record = new SensitivityRecord(
            main.Objective,
            decides,
            study.Weights,
            ridge,
            network,
            network is null ? null : RankStatistics.KendallTauB(Drops(network), Drops(ridge)),
            []
        )
        {
            Loss = network is null ? null : Name(main),
            OtherLosses = [.. networks.All.Where(scored => scored.Loss != Name(main))],
            TrainedOn = study.Origin,
            Fits = [.. FittedFiles.All(run).Select(fit => fit.Identity)],
        };
        progress?.Report(new StageProgress("Explaining", 1, 2, "agreement and support"));
        IReadOnlyList<ModelScoreSource> baselines = ScoreSources.Baselines(study.Training);
        var trends = ModelScoreSource.Additive(
            ModelNames.RidgeTrends,
            model.Coefficients,
            study.Training.Features.OptionCount
        );
        record = record with
        {
            Agreement = Agreements.Of(study.Training.Features, record, baselines, options.Truth),
            Comparisons = Comparisons(record, asked),
            Claims = Claims(study, model, record, asked, ImagesOfTrials.Read(study, run, main), cancellationToken),
            Truth = options.Truth?.Compare(study.Training, study.Units, [.. networks.Sources, trends, .. baselines]),
        };
        record = record with { Sentences = SensitivityWords.Of(record) };
        OwnJson.Write(run.Sensitivity, record);
        progress?.Report(new StageProgress("Explaining", 2, 2));
        return record;
    }

    /// <summary>Reads the explanation of a run.</summary>
    /// <exception cref="Q2Exception">There is no explanation, or its file is damaged.</exception>
    public static SensitivityRecord Read(RunDirectory run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return RunFile.Read<SensitivityRecord>(run.Sensitivity, Remedy.Explain);
    }

    private static string Name(Fit fit) => fit.Options.Loss.ToString().ToLowerInvariant();

    private static double[] Drops(SensitivityResult result) =>
        [.. result.Weights.Select(weight => weight.FewerBitsCost)];

    private static List<SensitivityComparison> Comparisons(
        SensitivityRecord record,
        (WeightGroup First, WeightGroup Second)[] asked
    )
    {
        SensitivityResult deciding = record.By(record.Decides);
        var pairs = new List<(WeightGroup First, WeightGroup Second)>(asked);
        WeightGroup[] ranked =
        [
            .. Ranked(
                deciding,
                [.. deciding.Weights.Select((weight, w) => new WeightGroup(weight.Name, "weight", [w]))]
            ),
        ];
        if (ranked.Length > 1)
            pairs.Add((ranked[0], ranked[1]));
        WeightGroup[] types = [.. Ranked(deciding, WeightGroups.Types(record.Weights))];
        if (types.Length > 1)
            pairs.Add((types[0], types[^1]));
        SensitivityResult[] models = record.Network is { } network
            ? [deciding, deciding == network ? record.Ridge : network]
            : [record.Ridge];
        return
        [
            .. pairs.SelectMany(pair =>
                models.Select(model =>
                    SensitivityComparison.Of(model.Model, Drops(model), model.DropSamples, pair.First, pair.Second)
                )
            ),
        ];
    }

    private static IEnumerable<WeightGroup> Ranked(SensitivityResult scores, IReadOnlyList<WeightGroup> groups) =>
        groups.OrderByDescending(group => group.Weights.Average(w => scores.Weights[w].FewerBitsCost));

    private static ClaimSupport[] Claims(
        LabelledStudy study,
        RidgeModel model,
        SensitivityRecord record,
        (WeightGroup First, WeightGroup Second)[] asked,
        ImageLabels? images,
        CancellationToken cancellationToken
    )
    {
        if (study.Training.Trials.Count > RidgeInfluence.MaxTrials)
            return [];
        var finder = new ClaimFinder(
            study.Training,
            model,
            study.TrialNames,
            study.TrialImages,
            images,
            cancellationToken
        );
        WeightGroup[] weights =
        [
            .. Ranked(
                    record.Ridge,
                    [.. record.Ridge.Weights.Select((weight, w) => new WeightGroup(weight.Name, "weight", [w]))]
                )
                .Take(ClaimedWeights),
        ];
        WeightGroup[] types = [.. Ranked(record.Ridge, WeightGroups.Types(record.Weights))];
        return
        [
            .. asked.Select(pair => finder.Find(pair.First, pair.Second)),
            .. weights.Length > 1 ? weights.Select(weight => finder.Find(weight, null)) : [],
            .. types.Length > 1 ? [finder.Find(types[0], types[^1])] : Array.Empty<ClaimSupport>(),
        ];
    }

    // The networks of all losses that were fitted to the same trials as the main fit.
    private sealed class Networks : IDisposable
    {
        private readonly List<Predictor> open = [];
        private readonly List<NetworkSensitivity> all = [];
        private readonly List<ModelScoreSource> sources = [];

        internal IReadOnlyList<NetworkSensitivity> All => all;

        internal IReadOnlyList<ModelScoreSource> Sources => sources;

        internal static Networks Score(
            LabelledStudy study,
            RunDirectory run,
            Fit main,
            ExplainOptions options,
            IProgress<StageProgress>? progress,
            CancellationToken cancellationToken
        )
        {
            var networks = new Networks();
            try
            {
                foreach (Fit fit in FittedFiles.All(run))
                {
                    IReadOnlyList<Predictor> folds = PredictorFile.Read(run, fit);
                    networks.open.AddRange(folds);
                    if (folds.Count == 0)
                        continue;
                    progress?.Report(
                        new StageProgress(
                            "Scoring",
                            networks.all.Count,
                            Enum.GetValues<PredictorLoss>().Length,
                            Name(fit)
                        )
                    );
                    IReadOnlyList<double[]> resamples = NetworkResamples.Collect(
                        study,
                        run,
                        fit,
                        Name(fit) == Name(main) ? options.Bootstrap : 0,
                        options.BootstrapEpochs,
                        progress,
                        cancellationToken
                    );
                    networks.all.Add(
                        new NetworkSensitivity(
                            Name(fit),
                            fit.Result.Find(ModelNames.Network)?.Srcc.Mean ?? double.NaN,
                            SensitivityAnalysis.OfNetwork(
                                study.Training,
                                folds,
                                study.Units,
                                resamples: resamples,
                                cancellationToken: cancellationToken
                            )
                        )
                    );
                    string name = Name(fit) == Name(main) ? ModelNames.Network : $"{ModelNames.Network}-{Name(fit)}";
                    networks.sources.Add(ScoreSources.Network(study.Training, folds) with { Model = name });
                }
                return networks;
            }
            catch
            {
                networks.Dispose();
                throw;
            }
        }

        public void Dispose()
        {
            foreach (Predictor predictor in open)
                predictor.Dispose();
        }
    }
}
