using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using Qua2SeDiMo.Diffusion.RandomSources;

namespace Qua2SeDiMo.Cli;

/// <summary>
/// Declares options that take a number. Each states its bounds, and any other value is an error before work begins.
/// Numbers are read in the same way on every machine: a decimal point, no thousands separators, no white space.
/// </summary>
internal static class NumberOption
{
    private const NumberStyles WholeStyle = NumberStyles.AllowLeadingSign;
    private const NumberStyles DecimalStyle = WholeStyle | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>An option with a default.</summary>
    internal static Option<T> Of<T>(string name, string description, T fallback, T least, T most)
        where T : struct, INumber<T> =>
        new(name)
        {
            Description = Describe(description, least, most),
            DefaultValueFactory = _ => fallback,
            CustomParser = result => Read(result, least, most) ?? default,
        };

    /// <summary>An option that is null when omitted. One additional value outside the bounds may be allowed.</summary>
    internal static Option<T?> Optional<T>(string name, string description, T least, T most, T? other = null)
        where T : struct, INumber<T> =>
        new(name)
        {
            Description = Describe(description, least, most, other),
            CustomParser = result => Read(result, least, most, other),
        };

    /// <summary>An option for several numbers, as separate words or separated by commas.</summary>
    internal static Option<T[]> List<T>(string name, string description, T least, T most)
        where T : struct, INumber<T> =>
        new(name)
        {
            Description = Describe(description, least, most),
            AllowMultipleArgumentsPerToken = true,
            CustomParser = result =>
            {
                var values = new List<T>();
                foreach (string text in result.Tokens.SelectMany(token => token.Value.Split(',')))
                {
                    if (Read(text, least, most, null, out T value) is { } fault)
                        result.AddError($"{name}: {fault}");
                    values.Add(value);
                }
                return [.. values];
            },
        };

    /// <summary>An option for a noise seed, in the range of PyTorch's seeds.</summary>
    internal static Option<ulong> Seed(string name, string description, ulong fallback) =>
        new(name)
        {
            Description = $"{description}; up to {Text(ulong.MaxValue)}, and negative as in PyTorch",
            DefaultValueFactory = _ => fallback,
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (!TorchSeed.TryParse(text, out ulong seed))
                    result.AddError(
                        $"{name}: '{text}' is no seed; whole numbers from {Text(long.MinValue)} to {Text(ulong.MaxValue)} are possible."
                    );
                return seed;
            },
        };

    /// <summary>Whether a text is a number not greater than 1.</summary>
    internal static bool IsAtMostOne(string text) =>
        double.TryParse(text, DecimalStyle, CultureInfo.InvariantCulture, out double value) && value <= 1;

    /// <summary>Reads a number.</summary>
    /// <returns>Null if the text is an allowed number, else a description of the mistake.</returns>
    private static string? Read<T>(string text, T least, T most, T? other, out T value)
        where T : struct, INumber<T>
    {
        // 1/2 is 0 in integer types and a fraction in all others.
        bool isWhole = T.IsInteger(T.One / (T.One + T.One));
        if (
            T.TryParse(text, isWhole ? WholeStyle : DecimalStyle, CultureInfo.InvariantCulture, out value)
            && T.IsFinite(value)
        )
        {
            return (value >= least && value <= most) || value == other
                ? null
                : $"{text} is not possible; {Bounds(least, most, other)} are.";
        }
        string expected = $"{(isWhole ? "whole numbers" : "numbers")} from {Bounds(least, most, other)} are possible";
        if (text.Contains(',', StringComparison.Ordinal))
            return $"'{text}' is no number; decimals take a point, thousands no sign; {expected}.";
        bool isDecimal =
            double.TryParse(text, DecimalStyle, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number);
        return isDecimal && isWhole ? $"{text} is not possible; {expected}." : $"'{text}' is no number; {expected}.";
    }

    private static T? Read<T>(ArgumentResult result, T least, T most, T? other = null)
        where T : struct, INumber<T>
    {
        if (Read(result.Tokens[0].Value, least, most, other, out T value) is not { } fault)
            return value;
        result.AddError($"{((OptionResult)result.Parent!).Option.Name}: {fault}");
        return null;
    }

    private static string Describe<T>(string description, T least, T most, T? other = null)
        where T : struct, INumber<T> => $"{description} ({Bounds(least, most, other)})";

    private static string Bounds<T>(T least, T most, T? other)
        where T : struct, INumber<T> => $"{Text(least)} to {Text(most)}{(other is { } one ? $" and {Text(one)}" : "")}";

    private static string Text<T>(T value)
        where T : struct, INumber<T> => value.ToString(null, CultureInfo.InvariantCulture);
}
