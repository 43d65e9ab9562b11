using System.CommandLine;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Cli;

/// <summary>Options of <c>q2 explain</c>, besides those of its source.</summary>
internal sealed class ExplainArguments
{
    private readonly Option<int> top = NumberOption.Of(
        "--top",
        "Weights to list, most sensitive first",
        20,
        1,
        1_000_000
    );
    private readonly Option<PredictorLoss?> loss = ChoiceOption.Optional<PredictorLoss>(
        "--loss",
        "The fit that comes first; default: the one that ranks held-out trials best. All fits are compared"
    );
    private readonly Option<string[]> compare = new("--compare")
    {
        Description =
            "A B: is A more sensitive than B? Names of weights, units, operator types or blocks; may be repeated",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<int?> bootstrap = NumberOption.Optional(
        "--bootstrap",
        "Networks to refit on resampled trials, for the spread of their scores; resumable. Default: those of an earlier call",
        0,
        10_000
    );
    private readonly Option<int?> epochs = NumberOption.Optional(
        "--bootstrap-epochs",
        "Passes of each refit; default: 40",
        1,
        100_000
    );
    private readonly Option<string?> svg = new("--svg")
    {
        Description = "Write each figure as an SVG file into this folder",
    };
    private readonly Option<string?> against = new("--against")
    {
        Description =
            "JSON file of measured probes (docs/formats.md): say how this run's sensitivities agree with them",
    };

    internal ExplainArguments(Command command)
    {
        foreach (Option option in new Option[] { top, loss, compare, bootstrap, epochs, svg, against })
            command.Add(option);
        command.Needs(epochs, bootstrap, "it is the length of those refits");
        command.Validators.Add(result =>
        {
            if (
                OptionRules.IsGiven(result, epochs)
                && OptionRules.IsGiven(result, bootstrap)
                && result.GetValue(bootstrap) == 0
            )
            {
                result.AddError("--bootstrap-epochs does nothing with --bootstrap 0: no network is refitted.");
            }
        });
        compare.Validators.Add(result =>
        {
            if (result.Tokens.Count % 2 != 0)
                result.AddError($"--compare takes pairs; '{result.Tokens[^1].Value}' stands alone.");
        });
    }

    internal int Top(ParseResult result) => result.GetValue(top);

    /// <summary>Loss of the fit that is explained first; null for the fit that ranks held-out trials best.</summary>
    internal PredictorLoss? Loss(ParseResult result) => result.GetValue(loss);

    /// <summary>Folder for figures; null for none.</summary>
    internal string? Figures(ParseResult result) => result.GetValue(svg);

    /// <summary>File of measured probes; null for none.</summary>
    internal string? Probes(ParseResult result) => result.GetValue(against);

    /// <summary>Whether an option is given that needs a fitted model.</summary>
    internal bool NeedsFit(ParseResult result) =>
        new Option[] { loss, compare, bootstrap, epochs, svg }.Any(option =>
            OptionRules.IsGiven(result.CommandResult, option)
        );

    internal ExplainOptions Read(ParseResult result, TrueSensitivity? truth) =>
        new()
        {
            Loss = Loss(result),
            Compare = [.. (result.GetValue(compare) ?? []).Chunk(2).Select(pair => (pair[0], pair[1]))],
            Bootstrap = result.GetValue(bootstrap) ?? 0,
            BootstrapEpochs = result.GetValue(epochs) ?? 0,
            Truth = truth,
        };
}
