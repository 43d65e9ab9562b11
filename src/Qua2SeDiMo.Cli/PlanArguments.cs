using System.CommandLine;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Cli;

/// <summary>Sizes to plan for, and who decides.</summary>
internal sealed class PlanArguments
{
    private readonly Option<string[]> sizes = new("--size")
    {
        Description = "Sizes to plan for: average bits (3.75) or bytes (1.9MB); may be repeated",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [.. PlanStage.DefaultBudgets.Select(budget => budget.Name)],
    };

    private readonly Option<string?> predictor = new("--predictor") { Description = "Model whose scores make the plans: network or ridge; default: both propose, and the better measured one is the plan" };

    internal PlanArguments(Command command)
    {
        command.Add(sizes);
        command.Add(predictor);
        predictor.AcceptOnlyFromAmong("network", "ridge");
    }

    internal IReadOnlyList<BitBudget> Budgets(ParseResult result) => [.. result.GetValue(sizes)!.Select(BitBudget.Parse)];

    internal string? Predictor(ParseResult result) => result.GetValue(predictor);
}
