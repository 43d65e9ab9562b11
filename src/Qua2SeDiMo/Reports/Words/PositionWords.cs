using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Reports.Words;

/// <summary>Names of blocks and operator types in tables and charts.</summary>
internal static class PositionWords
{
    // Parts of operator types as diffusers names them, and their replacements.
    private static readonly (string Part, string Words)[] Parts =
    [
        ("attn1.", "self-attention "),
        ("attn2.", "cross-attention "),
        ("attn.", "attention "),
        ("to_out.0", "out"),
        ("to_add_out", "text out"),
        ("to_", ""),
        ("ff_context.", "text ff."),
        ("ff.net.0.proj", "feed-forward in"),
        ("ff.net.2", "feed-forward out"),
    ];

    /// <summary>Whether a weight belongs to no block.</summary>
    public static bool IsOutside(WeightPosition position) => WeightGroups.BlockOf(position) == WeightGroups.Outside;

    /// <summary>Block of a weight, for instance "block 3", "down.1.0", "outside".</summary>
    public static string Block(WeightPosition position)
    {
        string block = WeightGroups.BlockOf(position);
        return char.IsAsciiDigit(block[0]) ? $"block {block}" : block;
    }

    /// <summary>Operator type of a weight, for instance "self-attention q"; outside blocks, the last two parts of its
    /// path.</summary>
    public static string Role(WeightPosition position)
    {
        if (IsOutside(position))
            return string.Join('.', position.Name.Split('.').TakeLast(2));
        const string SecondPart = "#1";
        string role = position.LayerType;
        bool isSecond = role.EndsWith(SecondPart, StringComparison.Ordinal);
        if (isSecond)
            role = role[..^SecondPart.Length];
        foreach ((string part, string words) in Parts)
            role = role.Replace(part, words, StringComparison.Ordinal);
        return isSecond ? role + ", second part" : role;
    }
}
