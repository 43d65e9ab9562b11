using System.CommandLine;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Cli;

/// <summary>Sizes to plan for, and who decides.</summary>
internal sealed class PlanArguments
{
    private readonly Option<string[]> sizes = new("--size")
    {
        Description = "Sizes to plan for: average bits (3.75), bytes (1.9MB), or 'best' for the best options whatever their size; may be repeated",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [.. PlanStage.DefaultBudgets.Select(budget => budget.Name)],
    };

    private readonly Option<string?> predictor = new("--predictor") { Description = "Model whose numbers make the plans: network, ridge or network+ridge; default: all propose, and the best measured one is the plan" };
    private readonly Option<PlanLevel?> level = new("--level") { Description = "What plans maximise: summed scores of weights (op) or of units (block), or the predicted label of the whole allocation (whole)" };

    private readonly Option<string[]> activations = new("--activations")
    {
        Description = "Measure the plans with activations of so many bits (2 to 8) too, as further rows: 8,6",
        AllowMultipleArgumentsPerToken = true,
    };

    internal PlanArguments(Command command)
    {
        command.Add(activations);
        activations.Validators.Add(result =>
        {
            foreach (string text in Parts(result.Tokens.Select(token => token.Value)).Where(text => !int.TryParse(text, out int bits) || bits is < 2 or > 8)) result.AddError($"--activations {text}; 2 to 8 are possible.");
        });
        command.Add(sizes);
        command.Add(predictor);
        command.Add(level);
        predictor.AcceptOnlyFromAmong(ModelNames.Network, ModelNames.Ridge, ModelNames.Blend);
    }

    internal IReadOnlyList<BitBudget> Budgets(ParseResult result) => [.. result.GetValue(sizes)!.Select(BitBudget.Parse)];

    internal IReadOnlyList<int> Activations(ParseResult result) => [.. Parts(result.GetValue(activations) ?? []).Select(int.Parse)];

    private static IEnumerable<string> Parts(IEnumerable<string> given) => given.SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    internal string? Predictor(ParseResult result) => result.GetValue(predictor);

    internal PlanLevel? Level(ParseResult result) => result.GetValue(level);
}
