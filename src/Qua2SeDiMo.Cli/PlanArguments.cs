using System.CommandLine;
using System.CommandLine.Parsing;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Cli;

/// <summary>Options for the sizes of plans and for the model whose scores make them.</summary>
internal sealed class PlanArguments
{
    private readonly Option<string[]> sizes = new("--size")
    {
        Description =
            "Sizes to plan for: average bits (3.75), bytes (1.9MB), or 'best' for the best options whatever their size; may be repeated",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [.. PlanStage.DefaultBudgets.Select(budget => budget.Name)],
    };

    private readonly Option<string?> predictor = ChoiceOption.Optional(
        "--predictor",
        "Model whose numbers make the plans; default: every source makes a candidate, and the best one by images is the plan",
        [ModelNames.Measured, ModelNames.Network, ModelNames.Ridge, ModelNames.Ensemble]
    );
    private readonly Option<PlanLevel?> level = ChoiceOption.Optional<PlanLevel>(
        "--level",
        "What plans maximise: summed scores of weights (op) or of units (block), or the predicted label of the whole allocation (whole)"
    );

    private readonly Option<int[]> activations = NumberOption.List(
        "--activations",
        "Measure the plans with activations of these bits too, as further rows: 8,6",
        2,
        8
    );

    private readonly Option<double?> operations = NumberOption.Optional<double>(
        "--bit-operations",
        "Plan weights and inputs of layers together within this number of bit operations of one call (multiply-accumulates × "
            + "weight bits × activation bits): up to 1 a share of those of 16-bit weights and inputs, above 1 a number",
        1e-6,
        1e24
    );

    internal PlanArguments(Command command)
    {
        command.Add(activations);
        command.Add(operations);
        command.Add(sizes);
        sizes.Validators.Add(result =>
        {
            foreach (string text in result.Tokens.Select(token => token.Value))
            {
                try
                {
                    BitBudget.Parse(text);
                }
                catch (FormatException error)
                {
                    result.AddError($"--size: {error.Message}");
                }
            }
        });
        command.Add(predictor);
        command.Add(level);
        command.Validators.Add(result =>
        {
            if (OptionRules.IsGiven(result, operations) && WantsFit(result))
                result.AddError(
                    "--bit-operations plans weights and inputs of layers by what was measured: it goes with --predictor "
                        + $"{ModelNames.Measured} at --level op alone."
                );
        });
        command.Validators.Add(result =>
        {
            if (
                OptionRules.Words(result, predictor) is not [string by]
                || OptionRules.Words(result, level) is not [string at]
            )
                return;
            string[] levels = by switch
            {
                ModelNames.Ridge => ["op"],
                ModelNames.Measured => ["op", "whole"],
                ModelNames.Ensemble => ["whole"],
                _ => ["op", "block", "whole"],
            };
            if (!levels.Contains(at, StringComparer.OrdinalIgnoreCase))
                result.AddError($"--predictor {by} has no plans at --level {at}; it has {string.Join(", ", levels)}.");
        });
    }

    /// <summary>Whether inputs of layers are planned too.</summary>
    internal bool BoundsOperations(CommandResult result) => OptionRules.IsGiven(result, operations);

    /// <summary>Whether an option asks for plans of a fitted model.</summary>
    internal bool WantsFit(CommandResult result) =>
        OptionRules.Words(result, predictor) is [not ModelNames.Measured]
        || (
            OptionRules.Words(result, level) is [string at]
            && !at.Equals(nameof(PlanLevel.Op), StringComparison.OrdinalIgnoreCase)
        );

    internal IReadOnlyList<BitBudget> Budgets(ParseResult result) =>
        [.. result.GetValue(sizes)!.Select(BitBudget.Parse).DistinctBy(budget => budget.Name)];

    internal IReadOnlyList<int> Activations(ParseResult result) => result.GetValue(activations) ?? [];

    internal OperationBudget? Operations(ParseResult result) =>
        result.GetValue(operations) is { } most ? OperationBudget.Of(most) : null;

    internal string? Predictor(ParseResult result) => result.GetValue(predictor);

    internal PlanLevel? Level(ParseResult result) => result.GetValue(level);
}
