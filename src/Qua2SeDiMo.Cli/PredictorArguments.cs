using System.CommandLine;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Cli;

/// <summary>Options for the training of the predictor.</summary>
internal sealed class PredictorArguments
{
    private readonly Option<PredictorLoss> loss = ChoiceOption.Of(
        "--loss",
        "Ranking loss of the network: srcc, ndcg, hybrid or mse",
        PredictorLoss.Srcc
    );
    private readonly Option<int> epochs = NumberOption.Of(
        "--epochs",
        "Passes over the training trials; 0 takes 160",
        0,
        0,
        100_000
    );
    private readonly Option<ulong> seed = NumberOption.Of<ulong>(
        "--predictor-seed",
        "Seed of weights, folds and order",
        0,
        0,
        ulong.MaxValue
    );
    private readonly Option<bool> earlyStopping = new("--early-stopping")
    {
        Description =
            "Hold an eighth of the training trials out and stop when they are no longer ranked better: a third "
            + "fewer epochs, a little less rank quality",
    };
    private readonly Option<bool> faithful;
    private readonly Option<string?> objective = Objective(
        "Metric to optimise; default: the most reliable of the study"
    );
    private readonly Option<double> sizeWeight = NumberOption.Of(
        "--size-weight",
        "λ: units of the objective taken off per average bit; 0 ranks by quality alone",
        0d,
        0,
        1e9
    );

    internal PredictorArguments(Command command)
    {
        foreach (Option option in (Option[])[.. OfFit, objective])
            command.Add(option);
        // If the verb also has the study's --faithful, both share one switch.
        Option<bool>? shared = command
            .Options.OfType<Option<bool>>()
            .FirstOrDefault(option => option.Name == "--faithful");
        faithful =
            shared
            ?? new Option<bool>("--faithful")
            {
                Description = "As the published training loop, without early stopping",
            };
        if (shared is null)
            command.Add(faithful);
        command.Excludes(earlyStopping, faithful, "the published training loop goes through all epochs");
        if (shared is not null)
            shared.Description =
                "As the published code: all images share one starting noise, and the published training loop";
    }

    /// <summary>Options that have no effect when nothing is fitted.</summary>
    internal IReadOnlyList<Option> OfFit => [loss, epochs, seed, earlyStopping, sizeWeight];

    internal PredictorOptions Options(ParseResult result) =>
        new()
        {
            Loss = result.GetValue(loss),
            Epochs = result.GetValue(epochs),
            Seed = result.GetValue(seed),
            Faithful = result.GetValue(faithful),
            EarlyStopping = result.GetValue(earlyStopping),
        };

    /// <summary>The option that names a metric of image quality.</summary>
    internal static Option<string?> Objective(string description) =>
        ChoiceOption.Optional("--objective", description, [.. StudyMetric.Quality.Select(metric => metric.Name)]);

    internal string? Objective(ParseResult result) => result.GetValue(objective);

    internal double SizeWeight(ParseResult result) => result.GetValue(sizeWeight);
}
