using System.CommandLine;
using Qua2SeDiMo.Predictors;

namespace Qua2SeDiMo.Cli;

/// <summary>How the predictor is trained.</summary>
internal sealed class PredictorArguments
{
    private readonly Option<PredictorLoss> loss = new("--loss") { Description = "Ranking loss of the network: srcc, ndcg, hybrid or mse", DefaultValueFactory = _ => PredictorLoss.Srcc };
    private readonly Option<int> epochs = new("--epochs") { Description = "Passes over the training trials; 0 takes 160", DefaultValueFactory = _ => 0 };
    private readonly Option<ulong> seed = new("--predictor-seed") { Description = "Seed of weights, folds and order", DefaultValueFactory = _ => 0 };
    private readonly Option<bool> earlyStopping = new("--early-stopping") { Description = "Hold an eighth of the training trials out and stop when they are no longer ranked better: a third fewer epochs, a little less rank quality" };
    private readonly Option<bool> faithful;
    private readonly Option<string?> objective = new("--objective") { Description = "Metric to optimise: clip-cosine, ssim, psnr, clip-score, frechet or kid; default: the most reliable of the study" };
    private readonly Option<double> sizeWeight = new("--size-weight") { Description = "λ: units of the objective taken off per average bit; 0 ranks by quality alone", DefaultValueFactory = _ => 0 };

    internal PredictorArguments(Command command)
    {
        foreach (Option option in new Option[] { loss, epochs, seed, earlyStopping, objective, sizeWeight }) command.Add(option);
        // One switch for all stages: where the study has it, it is the same.
        Option<bool>? shared = command.Options.OfType<Option<bool>>().FirstOrDefault(option => option.Name == "--faithful");
        faithful = shared ?? new Option<bool>("--faithful") { Description = "As the published training loop, without early stopping" };
        if (shared is null) command.Add(faithful);
        else shared.Description = "As the published code: all images share one starting noise, and the published training loop";
    }

    internal PredictorOptions Options(ParseResult result) => new()
    {
        Loss = result.GetValue(loss),
        Epochs = result.GetValue(epochs),
        Seed = result.GetValue(seed),
        Faithful = result.GetValue(faithful),
        EarlyStopping = result.GetValue(earlyStopping),
    };

    internal string? Objective(ParseResult result) => result.GetValue(objective);

    internal double SizeWeight(ParseResult result) => result.GetValue(sizeWeight);
}
