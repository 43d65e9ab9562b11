using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies.Sampling;

/// <summary>The set from which a sampler draws: the quantizable weights, their options, and the bytes of each weight
/// under each option.</summary>
internal sealed class AllocationSpace
{
    private readonly long[][] sizes;
    private readonly int originalBits;
    private readonly IReadOnlyList<(string Name, int Leader)> tied = [];

    /// <summary>Creates the space of all allocations over the given weights.</summary>
    /// <param name="weights">Name, number of elements (N) and output channels (C) of each weight.</param>
    /// <param name="originalBits">P, bits of an original weight: 16 or 32.</param>
    /// <param name="options">Options of each weight; null for the six of the paper.</param>
    /// <exception cref="ArgumentException">There are no weights or no options.</exception>
    public AllocationSpace(
        IEnumerable<(string Name, long ElementCount, int OutChannels)> weights,
        int originalBits,
        IReadOnlyList<QuantizerSpec>? options = null
    )
    {
        var list = weights.ToList();
        Options = options ?? QuantizerSpec.PaperOptions;
        if (list.Count == 0 || Options.Count == 0)
            throw new ArgumentException("There is nothing to choose: no weights or no options.", nameof(weights));
        WeightNames = [.. list.Select(weight => weight.Name)];
        sizes =
        [
            .. list.Select(weight =>
                Options
                    .Select(option => option.SizeBytes(weight.ElementCount, weight.OutChannels, originalBits))
                    .ToArray()
            ),
        ];
        int fewest = Options.Min(option => option.Bits);
        int[] small = [.. Indices(bits => bits == fewest)],
            large = [.. Indices(bits => bits != fewest)];
        (MinBitsOptions, MoreBitsOptions) = (small, large.Length > 0 ? large : small);
        OriginalSizeBytes = list.Sum(weight => weight.ElementCount * originalBits / 8);
        this.originalBits = originalBits;
    }

    /// <summary>Creates the space of all allocations over a denoiser's weights. A tied weight takes the option of the
    /// weight that it is tied to, and its bytes are added to that weight's.</summary>
    /// <param name="weights">All quantizable weights.</param>
    /// <param name="originalBits">P, bits of an original weight: 16 or 32.</param>
    /// <param name="options">Options of each weight; null for the six of the paper.</param>
    /// <exception cref="ArgumentException">There are no weights or no options, or a weight is tied to one that is not
    /// listed.</exception>
    public AllocationSpace(
        IReadOnlyList<QuantizableWeight> weights,
        int originalBits,
        IReadOnlyList<QuantizerSpec>? options = null
    )
        : this(
            weights
                .Where(weight => weight.TiedTo is null)
                .Select(weight => (weight.Name, weight.ElementCount, weight.OutChannels)),
            originalBits,
            options
        )
    {
        List<string> names = [.. WeightNames];
        var followers = new List<(string, int)>();
        foreach (QuantizableWeight weight in weights.Where(weight => weight.TiedTo is not null))
        {
            int leader = names.IndexOf(weight.TiedTo!);
            if (leader < 0)
                throw new ArgumentException(
                    $"'{weight.Name}' takes the option of '{weight.TiedTo}', which has none.",
                    nameof(weights)
                );
            followers.Add((weight.Name, leader));
            for (int option = 0; option < Options.Count; option++)
                sizes[leader][option] += Options[option]
                    .SizeBytes(weight.ElementCount, weight.OutChannels, originalBits);
            OriginalSizeBytes += weight.ElementCount * originalBits / 8;
        }
        tied = followers;
    }

    /// <summary>Names of the weights, tied ones excluded, in the order in which samplers draw.</summary>
    public IReadOnlyList<string> WeightNames { get; }

    /// <summary>Options of each weight.</summary>
    public IReadOnlyList<QuantizerSpec> Options { get; }

    /// <summary>Indices of the options with the fewest bits.</summary>
    public IReadOnlyList<int> MinBitsOptions { get; }

    /// <summary>Indices of the other options; equal to <see cref="MinBitsOptions"/> if all options have the same
    /// bits.</summary>
    public IReadOnlyList<int> MoreBitsOptions { get; }

    /// <summary>Bytes of all weights at original precision, tied ones included.</summary>
    public long OriginalSizeBytes { get; }

    /// <summary>Bytes under an option of a weight and of the weights tied to it.</summary>
    public long SizeBytes(int weight, int option) => sizes[weight][option];

    /// <summary>AverageBits (method.md, section 3) for a total of quantized bytes.</summary>
    public double AverageBits(long sizeBytes) => originalBits * (double)sizeBytes / OriginalSizeBytes;

    /// <summary>The allocation that gives each weight, and those tied to it, the option of the given index.</summary>
    public BitAllocation Allocation(IReadOnlyList<int> optionIndices) =>
        new(
            WeightNames
                .Select((name, weight) => KeyValuePair.Create(name, Options[optionIndices[weight]]))
                .Concat(
                    tied.Select(follower => KeyValuePair.Create(follower.Name, Options[optionIndices[follower.Leader]]))
                )
        );

    private IEnumerable<int> Indices(Func<int, bool> accept) =>
        Enumerable.Range(0, Options.Count).Where(index => accept(Options[index].Bits));
}
