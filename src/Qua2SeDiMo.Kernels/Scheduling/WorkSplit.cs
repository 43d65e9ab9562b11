using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.Scheduling;

/// <summary>Relative costs of the parts of a work item, per input.</summary>
/// <param name="Multiply">A panel of tokens times a unit of channels.</param>
/// <param name="Decode">Decoding a unit of channels.</param>
/// <param name="Pack">Packing a panel.</param>
internal readonly record struct WorkCosts(int Multiply, int Decode, int Pack);

/// <summary>Computes the results of tokens [firstToken, firstToken + count) and channels [firstChannel,
/// endChannel).</summary>
internal delegate void WorkItem(int firstToken, int count, int firstChannel, int endChannel);

/// <summary>
/// Splits a product into work items. Work items never write cache lines that others read; sharing cost up to a third of
/// the run time and varied by machine. So items of the same tokens and other channels pack the same inputs again, and
/// items of the same channels and other tokens decode the same weights again.
/// </summary>
internal static class WorkSplit
{
    /// <summary>Finds the split with the lowest estimated run time of the busiest processor.</summary>
    /// <param name="panels">Panels of tokens.</param>
    /// <param name="units">Units of channels.</param>
    /// <param name="maxPanels">Largest number of panels that one work item may pack.</param>
    /// <param name="costs">Relative costs, from measurements.</param>
    /// <param name="processors">Number of processors.</param>
    internal static (int PanelsPerBlock, int UnitsPerShare) Find(
        int panels,
        int units,
        int maxPanels,
        WorkCosts costs,
        int processors
    )
    {
        (int, int) best = default;
        long bestCost = long.MaxValue;
        int minBlocks = ((panels - 1) / maxPanels) + 1,
            maxBlocks = Math.Min(panels, minBlocks + (2 * processors)),
            maxShares = Math.Min(units, processors);
        for (int shares = 1; ; shares = Math.Min(2 * shares, maxShares))
        {
            for (int blocks = minBlocks; blocks <= maxBlocks; blocks++)
            {
                int perBlock = ((panels - 1) / blocks) + 1,
                    perShare = ((units - 1) / shares) + 1,
                    rounds = (((blocks * shares) - 1) / processors) + 1;
                long cost =
                    rounds
                    * ((perShare * (((long)costs.Multiply * perBlock) + costs.Decode)) + ((long)costs.Pack * perBlock));
                if (cost < bestCost)
                    (bestCost, best) = (cost, (perBlock, perShare));
            }
            if (shares == maxShares)
                return best;
        }
    }

    /// <summary>Runs work items of up to the given numbers of tokens and channels.</summary>
    /// <param name="run">How work items are spread over threads.</param>
    /// <param name="firstToken">From 0.</param>
    /// <param name="endToken">One past the last token.</param>
    /// <param name="itemTokens">Largest number of tokens of a work item.</param>
    /// <param name="channels">All channels.</param>
    /// <param name="itemChannels">Largest number of channels of a work item.</param>
    /// <param name="item">Computes one work item.</param>
    internal static void Run(
        WorkRunner run,
        int firstToken,
        int endToken,
        int itemTokens,
        int channels,
        int itemChannels,
        WorkItem item
    )
    {
        int shares = ((channels - 1) / itemChannels) + 1;
        run(
            (((endToken - firstToken - 1) / itemTokens) + 1) * shares,
            index =>
            {
                (int block, int share) = Math.DivRem(index, shares);
                int token = firstToken + (block * itemTokens),
                    channel = share * itemChannels;
                item(
                    token,
                    Math.Min(itemTokens, endToken - token),
                    channel,
                    Math.Min(channels, channel + itemChannels)
                );
            }
        );
    }

    /// <summary>Splits by channels only: every work item has all tokens, and there are as many items as processors
    /// unless that leaves too little work for each.</summary>
    /// <param name="run">How work items are spread over threads.</param>
    /// <param name="weight">The weight that is multiplied.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="unit">Channels that are taken together.</param>
    /// <param name="minProducts">Smallest number of multiplications for which a further item pays.</param>
    /// <param name="item">Computes one work item.</param>
    internal static void RunChannels(
        WorkRunner run,
        PaletteMatrix weight,
        int tokens,
        int unit,
        int minProducts,
        WorkItem item
    )
    {
        int shares = Math.Min(
            Environment.ProcessorCount,
            (int)(((long)weight.OutChannels * weight.RowLength * tokens / minProducts) + 1)
        );
        Run(
            run,
            0,
            tokens,
            tokens,
            weight.OutChannels,
            ((((weight.OutChannels - 1) / shares) / unit) + 1) * unit,
            item
        );
    }
}
