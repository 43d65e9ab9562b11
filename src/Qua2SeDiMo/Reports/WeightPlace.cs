using System.Text.RegularExpressions;

namespace Qua2SeDiMo.Reports;

/// <summary>Where a weight sits, read from its module path: the group along the network and the operator type, for people.</summary>
/// <param name="Block">For instance "block 3", "down 1", "mid", "outside".</param>
/// <param name="Role">For instance "self-attention q", "feed-forward in", or the end of the path where no convention fits.</param>
/// <param name="IsOutside">Whether it lies outside the repeated blocks.</param>
public sealed partial record WeightPlace(string Block, string Role, bool IsOutside)
{
    /// <summary>Reads a module path of a diffusers checkpoint.</summary>
    /// <param name="weightName">For instance <c>transformer_blocks.3.attn2.to_k</c>; <c>#1</c> marks the second part of a split weight.</param>
    public static WeightPlace Of(string weightName)
    {
        ArgumentNullException.ThrowIfNull(weightName);
        Match transformer = TransformerBlock().Match(weightName);
        if (transformer.Success)
        {
            string stack = transformer.Groups["stack"].Value;
            string prefix = stack switch { "transformer_blocks" or "blocks" => "block", "single_transformer_blocks" => "single block", _ => stack };
            return new WeightPlace($"{prefix} {transformer.Groups["index"].Value}", Name(transformer.Groups["rest"].Value), false);
        }
        Match unet = UnetStage().Match(weightName);
        if (unet.Success)
        {
            string block = unet.Groups["stage"].Value + (unet.Groups["index"].Success ? " " + unet.Groups["index"].Value : "");
            return new WeightPlace(block, Name(unet.Groups["rest"].Value), false);
        }
        return new WeightPlace("outside", string.Join('.', weightName.Split('.').TakeLast(2)), true);
    }

    private static string Name(string rest)
    {
        string path = Positions().Replace(rest, "");
        string part = path.EndsWith("#1", StringComparison.Ordinal) ? ", second part" : "";
        path = path.Replace("#1", "", StringComparison.Ordinal);
        string role = path
            .Replace("attn1.", "self-attention ", StringComparison.Ordinal)
            .Replace("attn2.", "cross-attention ", StringComparison.Ordinal)
            .Replace("attn.", "attention ", StringComparison.Ordinal)
            .Replace("to_out.0", "out", StringComparison.Ordinal)
            .Replace("to_add_out", "text out", StringComparison.Ordinal)
            .Replace("to_", "", StringComparison.Ordinal)
            .Replace("ff_context.", "text ff.", StringComparison.Ordinal)
            .Replace("ff.net.0.proj", "feed-forward in", StringComparison.Ordinal)
            .Replace("ff.net.2", "feed-forward out", StringComparison.Ordinal);
        return role + part;
    }

    [GeneratedRegex(@"^(?<stack>transformer_blocks|single_transformer_blocks|blocks)\.(?<index>\d+)\.(?<rest>.+)$")]
    private static partial Regex TransformerBlock();

    [GeneratedRegex(@"^(?<stage>down|mid|up)_blocks?(\.(?<index>\d+))?\.(?<rest>.+)$")]
    private static partial Regex UnetStage();

    // resnets.1.conv1 and attentions.0.transformer_blocks.0.attn1.to_q lose their running numbers; to_out.0 and net.2 keep theirs.
    [GeneratedRegex(@"(attentions|resnets|transformer_blocks|downsamplers|upsamplers)\.\d+\.")]
    private static partial Regex Positions();
}
