using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.Scheduling;

/// <summary>What a part of a product costs for each input, in any unit.</summary>
/// <param name="Multiply">A panel of tokens times a unit of channels.</param>
/// <param name="Decode">Decoding a unit of channels.</param>
/// <param name="LayOut">Laying out a panel.</param>
internal readonly record struct PartCosts(int Multiply, int Decode, int LayOut);

/// <summary>Computes the results of tokens [firstToken, firstToken + count) and channels [firstChannel, endChannel).</summary>
internal delegate void PartWork(int firstToken, int count, int firstChannel, int endChannel);

/// <summary>
/// Cuts a product into parts that share nothing they write: cores that read what another one has just written wait for each other, as the machine pleases for a third of the time.
/// So where work is cut by channels, the same inputs are laid out several times; where by tokens, the same weights are decoded several times.
/// </summary>
internal static class PartCut
{
    /// <summary>The cut whose slowest processor has least to do.</summary>
    /// <param name="panels">Panels of tokens.</param>
    /// <param name="units">Units of channels.</param>
    /// <param name="mostPanels">The most that one part may lay out.</param>
    /// <param name="costs">As measured.</param>
    /// <param name="processors">How many there are.</param>
    internal static (int PanelsPerBlock, int UnitsPerShare) Find(int panels, int units, int mostPanels, PartCosts costs, int processors)
    {
        (int, int) best = default;
        long least = long.MaxValue;
        int fewestBlocks = ((panels - 1) / mostPanels) + 1, mostBlocks = Math.Min(panels, fewestBlocks + (2 * processors)), mostShares = Math.Min(units, processors);
        for (int shares = 1; ; shares = Math.Min(2 * shares, mostShares))
        {
            for (int blocks = fewestBlocks; blocks <= mostBlocks; blocks++)
            {
                int perBlock = ((panels - 1) / blocks) + 1, perShare = ((units - 1) / shares) + 1, rounds = (((blocks * shares) - 1) / processors) + 1;
                long cost = rounds * ((perShare * (((long)costs.Multiply * perBlock) + costs.Decode)) + ((long)costs.LayOut * perBlock));
                if (cost < least) (least, best) = (cost, (perBlock, perShare));
            }
            if (shares == mostShares) return best;
        }
    }

    /// <summary>Runs parts of so many tokens and channels.</summary>
    /// <param name="run">How parts are spread over threads.</param>
    /// <param name="firstToken">The first token.</param>
    /// <param name="endToken">Behind the last one.</param>
    /// <param name="partTokens">The most tokens of a part.</param>
    /// <param name="channels">All channels.</param>
    /// <param name="partChannels">The most channels of a part.</param>
    /// <param name="work">One part.</param>
    internal static void Run(PartRunner run, int firstToken, int endToken, int partTokens, int channels, int partChannels, PartWork work)
    {
        int shares = ((channels - 1) / partChannels) + 1;
        run((((endToken - firstToken - 1) / partTokens) + 1) * shares, part =>
        {
            (int block, int share) = Math.DivRem(part, shares);
            int token = firstToken + (block * partTokens), channel = share * partChannels;
            work(token, Math.Min(partTokens, endToken - token), channel, Math.Min(channels, channel + partChannels));
        });
    }

    /// <summary>Runs parts of all tokens, one for each processor that gets work enough.</summary>
    /// <param name="run">How parts are spread over threads.</param>
    /// <param name="weight">What is multiplied.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="unit">Channels that are taken together.</param>
    /// <param name="fewestProducts">Multiplications that are worth handing to a thread.</param>
    /// <param name="work">One part.</param>
    internal static void RunChannels(PartRunner run, PaletteMatrix weight, int tokens, int unit, int fewestProducts, PartWork work)
    {
        int shares = Math.Min(Environment.ProcessorCount, (int)(((long)weight.OutChannels * weight.RowLength * tokens / fewestProducts) + 1));
        Run(run, 0, tokens, tokens, weight.OutChannels, ((((weight.OutChannels - 1) / shares) / unit) + 1) * unit, work);
    }
}
