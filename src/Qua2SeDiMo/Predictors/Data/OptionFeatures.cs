namespace Qua2SeDiMo.Predictors.Data;

/// <summary>The predictor's features of one option (method.md, section 5).</summary>
/// <param name="Name">For instance <c>uaq-4</c>.</param>
/// <param name="MethodCode">1 UAQ, 2 K-Means C, 3 K-Means A.</param>
/// <param name="BitCode">1 for 4 bits, 2 for 3 bits.</param>
internal sealed record OptionCode(string Name, int MethodCode, int BitCode);

/// <summary>Size and error of every weight under every option.</summary>
internal sealed class OptionFeatures
{
    /// <summary>Rows of the method embedding table; 0 is a combine node, the last row is unused.</summary>
    internal const int MethodTableSize = 5;

    /// <summary>Rows of the bit embedding table; 0 is a combine node, the last row is unused.</summary>
    internal const int BitTableSize = 4;

    private readonly long[] originalBytes;
    private readonly long[] quantizedBytes;
    private readonly double[] errors;

    /// <summary>Copies the tables after checking their sizes and ranges.</summary>
    /// <param name="options">The options, in the order of every score array.</param>
    /// <param name="originalBytes">Bytes of each weight before quantization.</param>
    /// <param name="quantizedBytes">[weight, option] bytes, row-major.</param>
    /// <param name="errors">[weight, option] mean |w − ŵ|^2.4, row-major.</param>
    /// <param name="originalBits">P: bits of one original weight.</param>
    /// <exception cref="PredictorFormatException">A table has the wrong length, a size is not positive, or a code is
    /// out of range.</exception>
    public OptionFeatures(
        IReadOnlyList<OptionCode> options,
        IReadOnlyList<long> originalBytes,
        IReadOnlyList<long> quantizedBytes,
        IReadOnlyList<double> errors,
        int originalBits
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        OriginalBits = originalBits;
        this.originalBytes = [.. originalBytes];
        this.quantizedBytes = [.. quantizedBytes];
        this.errors = [.. errors];
        int expected = this.originalBytes.Length * options.Count;
        if (this.quantizedBytes.Length != expected || this.errors.Length != expected)
        {
            throw new PredictorFormatException(
                $"{this.originalBytes.Length} weights under {options.Count} options need {expected} sizes and errors; "
                    + $"{this.quantizedBytes.Length} and {this.errors.Length} were given."
            );
        }
        if (this.quantizedBytes.Any(size => size <= 0) || this.originalBytes.Any(size => size <= 0))
        {
            throw new PredictorFormatException("A weight has a size of zero bytes or less.");
        }
        foreach (OptionCode option in options)
        {
            if (option.MethodCode is < 0 or >= MethodTableSize || option.BitCode is < 0 or >= BitTableSize)
            {
                throw new PredictorFormatException(
                    $"Option {option.Name} has method code {option.MethodCode} and bit code {option.BitCode}; "
                        + $"expected 0 to {MethodTableSize - 1} and 0 to {BitTableSize - 1}."
                );
            }
        }
        TotalOriginalBytes = this.originalBytes.Sum();
    }

    /// <summary>The options, in the order of every score array.</summary>
    public IReadOnlyList<OptionCode> Options { get; }

    /// <summary>Number of weights.</summary>
    public int WeightCount => originalBytes.Length;

    /// <summary>Number of options of each weight.</summary>
    public int OptionCount => Options.Count;

    /// <summary>P: bits of one original weight.</summary>
    public int OriginalBits { get; }

    /// <summary>Bytes of all weights before quantization.</summary>
    public long TotalOriginalBytes { get; }

    /// <summary>Bytes of a weight before quantization.</summary>
    public long OriginalBytes(int weight) => originalBytes[weight];

    /// <summary>Bytes of a weight under an option: codes, palettes, scales and zero points.</summary>
    public long QuantizedBytes(int weight, int option) => quantizedBytes[(weight * OptionCount) + option];

    /// <summary>Mean |w − ŵ|^2.4 of a weight under an option.</summary>
    public double Error(int weight, int option) => errors[(weight * OptionCount) + option];

    /// <summary>Node feature: 100 · original bytes / quantized bytes.</summary>
    public float Reduction(int weight, int option) =>
        (float)(100.0 * originalBytes[weight] / QuantizedBytes(weight, option));

    /// <summary>Node feature: 100 · error.</summary>
    public float ScaledError(int weight, int option) => (float)(100.0 * Error(weight, option));

    /// <summary>Quantized bytes of all weights under an allocation.</summary>
    public long TotalBytes(ReadOnlySpan<int> options)
    {
        long total = 0;
        for (int w = 0; w < options.Length; w++)
            total += QuantizedBytes(w, options[w]);
        return total;
    }

    /// <summary>AverageBits of an allocation (method.md, section 3): P · quantized bytes / original bytes.</summary>
    public double AverageBits(ReadOnlySpan<int> options) =>
        OriginalBits * (double)TotalBytes(options) / TotalOriginalBytes;

    /// <summary>Sum of the weight errors of an allocation.</summary>
    public double TotalError(ReadOnlySpan<int> options)
    {
        double total = 0;
        for (int w = 0; w < options.Length; w++)
            total += Error(w, options[w]);
        return total;
    }
}
