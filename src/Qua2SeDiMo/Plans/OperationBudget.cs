using System.Globalization;

namespace Qua2SeDiMo.Plans;

/// <summary>
/// Most bit operations of one call of the denoiser that a plan may have: as a share of those of 16-bit weights and
/// 16-bit inputs, or as a number.
/// </summary>
/// <param name="Share">Above 0, at most 1; null where a number was asked for.</param>
/// <param name="Operations">Above 1; null where a share was asked for.</param>
public sealed record OperationBudget(double? Share, double? Operations)
{
    private const int HalfBits = 16;

    /// <summary>The number or share as it was given: at most 1 is a share.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not above 0, or no number.</exception>
    public static OperationBudget Of(double value) =>
        value is > 0 and <= double.MaxValue
            ? value <= 1
                ? new OperationBudget(value, null)
                : new OperationBudget(null, value)
            : throw new ArgumentOutOfRangeException(nameof(value), value, "Bit operations are a share or a number.");

    /// <summary>The budget in words, for tables and messages.</summary>
    public string Label =>
        Share is { } share
            ? string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.###} % of bit operations")
            : string.Create(CultureInfo.InvariantCulture, $"{Operations:0.###E+0} bit operations");

    /// <summary>The most bit operations that keep it.</summary>
    /// <param name="multiplyAccumulates">Of one call, by layer.</param>
    internal double ToOperations(IEnumerable<long> multiplyAccumulates) =>
        Operations ?? (Share!.Value * HalfBits * HalfBits * multiplyAccumulates.Sum(count => (double)count));
}
