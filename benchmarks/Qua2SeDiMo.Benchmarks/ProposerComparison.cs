using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Quality of a proposed allocation.</summary>
/// <param name="Trials">Number of labelled trials on which the plan source was fitted.</param>
/// <param name="Bits">Largest allowed average bits.</param>
/// <param name="Proposer">Name of the plan source.</param>
/// <param name="Quality">The measured objective, or its true value in the simulation, mean over draws; larger is
/// better.</param>
/// <param name="Deviation">Standard deviation over draws; 0 for a single one.</param>
/// <param name="Fresh">The objective on prompts and seeds that no trial used; null for the simulation.</param>
internal sealed record ProposerRow(
    int Trials,
    double Bits,
    string Proposer,
    double Quality,
    double Deviation,
    double? Fresh
);

/// <summary>Compares plans of all plan sources at equal size, by their true quality on the simulated study or by images
/// of a model.</summary>
internal static class ProposerComparison
{
    private const int Draws = 3;
    private static readonly int[] Sizes = [64, 128, 500];
    private static readonly double[] Bits = [3.5, 3.75, 4.0];

    internal static IReadOnlyList<ProposerRow> OfSimulation(string folder)
    {
        var simulation = new SimulatedStudy(folder);
        IReadOnlyList<PredictorUnit> units = LabelledStudy
            .OfFiles(Path.Combine(folder, "trials.csv"), Path.Combine(folder, "dag.json"))
            .Units;
        var found = new List<(int Trials, double Bits, string Name, double Quality)>();
        foreach (int size in Sizes)
        {
            for (int draw = 0; draw < Draws; draw++)
            {
                TrainingSet study = simulation.With([
                    .. Enumerable.Range(0, size).Select(k => simulation.Trial((ulong)draw, k)),
                ]);
                using FittedModels fitted = CrossValidation.Run(study, new PredictorOptions { Seed = (ulong)draw });
                foreach (
                    (double bits, string name, IReadOnlyList<int> options) in Propose(
                        study,
                        fitted.Predictors,
                        fitted.Ridge,
                        units
                    )
                )
                    found.Add((size, bits, name, simulation.Quality(options)));
                Console.WriteLine($"{size} trials, draw {draw}");
            }
        }
        return
        [
            .. found
                .GroupBy(row => (row.Trials, row.Bits, row.Name))
                .Select(group =>
                {
                    FoldSummary summary = FoldSummary.Of(group.Select(row => row.Quality));
                    return new ProposerRow(
                        group.Key.Trials,
                        group.Key.Bits,
                        group.Key.Name,
                        summary.Mean,
                        summary.Deviation,
                        null
                    );
                }),
        ];
    }

    internal static IReadOnlyList<ProposerRow> OfRun(string folder, string directory)
    {
        using OpenModel model = OpenModel.Open(folder);
        var run = new RunDirectory(directory);
        Fit fit = FittedFiles.Main(run);
        Objective objective = Objective.Parse(fit.Objective);
        LabelledStudy labelled = StudyTrials.Read(model, run, objective);
        IReadOnlyList<Predictor> folds = PredictorFile.Read(run, fit);
        TrainingSet study = labelled.Training;
        RidgeModel ridge = PredictorFile.Ridge(run, fit, study);
        (double Bits, string Name, IReadOnlyList<int> Options)[] proposals =
        [
            .. Propose(study, folds, ridge, labelled.Units),
        ];
        foreach (Predictor fold in folds)
            fold.Dispose();
        QuantizerSpec[] specs =
        [
            .. study.Features.Options.Select(option =>
                QuantizerSpec.TryParse(option.Name, out QuantizerSpec? spec)
                    ? spec
                    : throw new FormatException(option.Name)
            ),
        ];
        QuantizableWeight[][] groups =
        [
            .. OperationGraphBuilder.Build(model.Graph).Groups.Select(group => group.ToArray()),
        ];
        (string, BitAllocation)[] listed =
        [
            .. proposals.Select(proposal =>
                (
                    $"{proposal.Name}-{proposal.Bits}",
                    new BitAllocation(
                        groups.SelectMany(
                            (group, w) =>
                                group.Select(weight => KeyValuePair.Create(weight.Name, specs[proposal.Options[w]]))
                        )
                    )
                )
            ),
        ];
        StudyOptions options = StudyRecord.Read(run).Options;
        IReadOnlyList<Trial> seen = StudyStage.RunListed(model, run, options, listed, $"proposers-{proposals.Length}");
        IReadOnlyList<Trial> fresh = StudyStage.RunListed(
            model,
            run,
            options.OnFreshPrompts(),
            listed,
            $"proposers-{proposals.Length}-fresh"
        );
        return
        [
            .. proposals.Select(
                (proposal, i) =>
                    new ProposerRow(
                        study.Trials.Count,
                        proposal.Bits,
                        proposal.Name,
                        objective.Of(seen[i]),
                        0,
                        objective.Of(fresh[i])
                    )
            ),
        ];
    }

    private static IEnumerable<(double Bits, string Name, IReadOnlyList<int> Options)> Propose(
        TrainingSet study,
        IReadOnlyList<Predictor> folds,
        RidgeModel ridge,
        IReadOnlyList<PredictorUnit> units
    )
    {
        OptionFeatures features = study.Features;
        int count = features.OptionCount;
        var scores = new HopScores(study.Topology, features);
        double[][] samples = [.. folds.Select(scores.Operations)];
        var operations = new ScoreSumSearch(
            "network",
            features,
            ScoredGroup.PerWeight(features, (w, o) => samples.Sum(sample => sample[(w * count) + o]))
        );
        var blocks = new ScoreSumSearch(
            "network-block",
            features,
            BlockGroups.Build(study.Topology, features, folds, units)
        );
        var linear = new ScoreSumSearch(
            "ridge",
            features,
            ScoredGroup.PerWeight(features, (w, o) => ridge.Coefficients[(w * count) + o])
        );
        Func<IReadOnlyList<IReadOnlyList<int>>, IReadOnlyList<double>> network = PredictionSearch.OfFolds(
            study.Topology,
            features,
            folds
        );
        ICandidateSearch[] proposers =
        [
            linear,
            operations,
            blocks,
            new PredictionSearch("network-whole", features, network, [linear, operations]),
            new PredictionSearch(
                "blend",
                features,
                allocations => [.. network(allocations).Zip(allocations.Select(ridge.Predict), (a, b) => (a + b) / 2)],
                [linear, operations]
            ),
            new ScoreSumSearch(
                "weight-error",
                features,
                ScoredGroup.PerWeight(features, (w, o) => -features.Error(w, o) * features.OriginalBytes(w))
            ),
        ];
        foreach (double bits in Bits)
        {
            foreach (ICandidateSearch proposer in proposers)
            {
                if (
                    proposer.Propose((long)(bits / features.OriginalBits * features.TotalOriginalBytes)) is { } proposal
                )
                    yield return (bits, proposer.Name, proposal.Options);
            }
        }
    }
}
