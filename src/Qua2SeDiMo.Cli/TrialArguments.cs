using System.CommandLine;
using Qua2SeDiMo.Labelling;

namespace Qua2SeDiMo.Cli;

/// <summary>How many allocations a study draws, and how.</summary>
internal sealed class TrialArguments
{
    private readonly Option<int> trials = NumberOption.Of("--trials", "Allocations to label", 64, 1, 1_000_000);
    private readonly Option<ulong> samplerSeed = NumberOption.Of<ulong>(
        "--sampler-seed",
        "Seed of the random allocations; trial k is the same on any machine",
        2025,
        0,
        ulong.MaxValue
    );
    private readonly Option<double?> fixedBits = NumberOption.Optional<double>(
        "--fixed-bits",
        "Draw all allocations at these average bits, where ranking is what matters; default: over the whole range",
        1,
        64
    );

    private readonly Option<SamplerKind> sampler = ChoiceOption.Of(
        "--sampler",
        "random, as the paper; or front: after 32 random trials, rounds of 8 near the front of quality and size "
            + "that the trials so far suggest",
        SamplerKind.Random
    );

    internal TrialArguments(Command command)
    {
        command.Add(trials);
        command.Add(samplerSeed);
        command.Add(fixedBits);
        command.Add(sampler);
        command.Validators.Add(result =>
        {
            bool isFront =
                OptionRules.Words(result, sampler) is [string kind]
                && kind.Equals(nameof(SamplerKind.Front), StringComparison.OrdinalIgnoreCase);
            if (isFront && OptionRules.IsGiven(result, fixedBits))
                result.AddError(
                    "--fixed-bits and --sampler front do not go together: one draws all allocations at one size, "
                        + "the other near a front of sizes."
                );
        });
    }

    /// <summary>Makes all of them contradict an option that names the allocations itself.</summary>
    internal void Exclude(Command command, Option given)
    {
        foreach (Option option in new Option[] { trials, samplerSeed, fixedBits, sampler })
            command.Excludes(option, given, "that file says which allocations are labelled");
    }

    internal StudyOptions Apply(ParseResult result, StudyOptions options) =>
        options with
        {
            TrialCount = result.GetValue(trials),
            SamplerSeed = result.GetValue(samplerSeed),
            FixedAverageBits = result.GetValue(fixedBits),
            NearFront = result.GetValue(sampler) == SamplerKind.Front,
        };

    private enum SamplerKind
    {
        Random,
        Front,
    }
}
