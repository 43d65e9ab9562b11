using System.CommandLine;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Cli;

/// <summary>How many allocations a study draws, and how.</summary>
internal sealed class TrialArguments
{
    private readonly Option<int> trials = new("--trials") { Description = "Allocations to label", DefaultValueFactory = _ => 64 };
    private readonly Option<ulong> samplerSeed = new("--sampler-seed") { Description = "Seed of the random allocations; trial k is the same on any machine", DefaultValueFactory = _ => 2025 };
    private readonly Option<double?> fixedBits = new("--fixed-bits") { Description = "Draw all allocations at these average bits, where ranking is what matters; default: over the whole range" };

    private readonly Option<SamplerKind> sampler = new("--sampler")
    {
        Description = "random, as the paper; or front: after 32 random trials, rounds of 8 near the front of quality and size that the trials so far suggest",
        DefaultValueFactory = _ => SamplerKind.Random,
    };

    internal TrialArguments(Command command)
    {
        command.Add(trials);
        command.Add(samplerSeed);
        command.Add(fixedBits);
        command.Add(sampler);
        StudyArguments.AtLeast(trials, 1);
    }

    internal StudyOptions Apply(ParseResult result, StudyOptions options) => options with
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
