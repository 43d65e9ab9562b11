using System.CommandLine;
using Qua2SeDiMo.Measurement.Methods;

namespace Qua2SeDiMo.Cli;

/// <summary>Options of <c>q2 measure</c>.</summary>
internal sealed class MeasureArguments
{
    private readonly Option<MeasureMethod> method = ChoiceOption.Of(
        "--method",
        "sketch: random cotangents pulled back through whole runs, all weights and options at once; "
            + "call: one call for each weight and option, "
            + "at states of the full-precision run; probe: a whole run for each weight and option, the truth",
        MeasureMethod.Sketch
    );

    private readonly Option<bool> callsOnly = new("--calls-only")
    {
        Description = "Sketch single calls, without what they change in the final latents",
    };
    private readonly Option<int?> images = NumberOption.Optional(
        "--images",
        $"Images, one prompt each; default: {MeasureOptions.DefaultImages(MeasureMethod.Sketch)} for sketches, "
            + $"{MeasureOptions.DefaultImages(MeasureMethod.Call)} for calls, "
            + $"{MeasureOptions.DefaultImages(MeasureMethod.Probe)} for probes",
        1,
        100_000
    );

    private readonly Option<int> cotangents = NumberOption.Of(
        "--cotangents",
        "Random cotangents for each image of a sketch",
        4,
        1,
        4096
    );
    private readonly Option<int[]> states = NumberOption.List(
        "--states",
        "Steps at whose states single calls are looked at, from 0; default: all with --calls-only, the middle one with --method call",
        0,
        StudyArguments.MaxSteps
    );

    private readonly Option<ulong> cotangentSeed = NumberOption.Of<ulong>(
        "--cotangent-seed",
        "Seed of the cotangents",
        1,
        0,
        ulong.MaxValue
    );
    private readonly StudyArguments study;

    internal MeasureArguments(Command command)
    {
        foreach (Option option in new Option[] { method, callsOnly, images, cotangents, states, cotangentSeed })
            command.Add(option);
        study = new StudyArguments(command, forTrials: false);
        command.Validators.Add(result =>
        {
            if (
                OptionRules.Words(result, method) is [string word]
                && !word.Equals(nameof(MeasureMethod.Sketch), StringComparison.OrdinalIgnoreCase)
            )
            {
                foreach (
                    Option option in new Option[] { callsOnly, cotangents, cotangentSeed }.Where(option =>
                        OptionRules.IsGiven(result, option)
                    )
                )
                {
                    result.AddError($"{option.Name} does nothing with --method {word}: only sketches draw cotangents.");
                }
            }
            if (!OptionRules.IsGiven(result, states) || OptionRules.IsGiven(result, callsOnly))
                return;
            if (
                OptionRules.Words(result, method) is [string kind]
                && kind.Equals(nameof(MeasureMethod.Call), StringComparison.OrdinalIgnoreCase)
            )
                return;
            result.AddError(
                "--states does nothing for whole runs, which have all steps: it goes with --method call or --calls-only."
            );
        });
    }

    internal MeasureOptions Read(ParseResult result, string modelFolder)
    {
        MeasureMethod chosen = result.GetValue(method);
        int[] asked = [.. (result.GetValue(states) ?? []).Distinct().Order()];
        return new MeasureOptions
        {
            Method = chosen,
            CallsOnly = result.GetValue(callsOnly),
            Cotangents = result.GetValue(cotangents),
            States = asked.Length == 0 ? null : asked,
            CotangentSeed = result.GetValue(cotangentSeed),
            ActivationBits = MeasureOptions.DefaultActivationBits(chosen),
            Study = study.Read(result, modelFolder) with
            {
                ImageCount = result.GetValue(images) ?? MeasureOptions.DefaultImages(chosen),
            },
        };
    }
}
