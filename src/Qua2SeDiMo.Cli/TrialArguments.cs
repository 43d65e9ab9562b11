using System.CommandLine;
using Qua2SeDiMo.Labelling;

namespace Qua2SeDiMo.Cli;

/// <summary>Options for the number of allocations that a study draws and for the sampler.</summary>
internal sealed class TrialArguments
{
    private const int Most = 1_000_000;
    private readonly Option<int> trials = NumberOption.Of("--trials", "Allocations to label", 64, 1, Most);
    private readonly Option<int?>? optional;
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

    /// <param name="command">The verb.</param>
    /// <param name="fallback">Description of the default number of trials; null for a fixed default of 64.</param>
    internal TrialArguments(Command command, string? fallback = null)
    {
        if (fallback is not null)
            optional = NumberOption.Optional("--trials", $"Allocations to label; default: {fallback}", 1, Most);
        command.Add(Count);
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

    /// <summary>Declares that all these options exclude an option that lists the allocations.</summary>
    internal void Exclude(Command command, Option given)
    {
        foreach (Option option in new Option[] { Count, samplerSeed, fixedBits, sampler })
            command.Excludes(option, given, "that file says which allocations are labelled");
    }

    private Option Count => optional is null ? trials : optional;

    /// <param name="result">The parsed command line.</param>
    /// <param name="options">Settings of the images.</param>
    /// <param name="fallback">Number of trials when none is given and the verb has no fixed default.</param>
    internal StudyOptions Apply(ParseResult result, StudyOptions options, int fallback = 64) =>
        options with
        {
            TrialCount = optional is null ? result.GetValue(trials) : result.GetValue(optional) ?? fallback,
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
