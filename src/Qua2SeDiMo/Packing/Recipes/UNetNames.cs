using System.Globalization;
using System.Text.RegularExpressions;

namespace Qua2SeDiMo.Packing.Recipes;

/// <summary>
/// Translates module paths of a U-Net to the single-file layout of the original Stable Diffusion release, which
/// programs other than diffusers use. There, <c>input_blocks</c> and <c>output_blocks</c> are numbered consecutively
/// over all stages, and modules inside resnets have other names. Paths of other denoisers stay unchanged.
/// </summary>
internal static partial class UNetNames
{
    /// <summary>Prefix of all denoiser tensors in that layout.</summary>
    internal const string Prefix = "model.diffusion_model.";

    private static readonly Dictionary<string, string> Resnet = new(StringComparer.Ordinal)
    {
        ["conv1"] = "in_layers.2",
        ["conv2"] = "out_layers.3",
        ["time_emb_proj"] = "emb_layers.1",
        ["conv_shortcut"] = "skip_connection",
    };

    private static readonly Dictionary<string, string> Ends = new(StringComparer.Ordinal)
    {
        ["conv_in"] = "input_blocks.0.0",
        ["conv_out"] = "out.2",
        ["time_embedding.linear_1"] = "time_embed.0",
        ["time_embedding.linear_2"] = "time_embed.2",
        ["add_embedding.linear_1"] = "label_emb.0.0",
        ["add_embedding.linear_2"] = "label_emb.0.2",
    };

    /// <summary>Maps the paths of a denoiser.</summary>
    /// <param name="modules">All its module paths, from which the number of resnets per stage and the stages with
    /// attention follow.</param>
    /// <returns>Path in the checkpoint → path in the single-file layout, with <see cref="Prefix"/>.</returns>
    internal static IReadOnlyDictionary<string, string> Translate(IReadOnlyCollection<string> modules)
    {
        bool isUNet =
            modules.Any(module => module.StartsWith("down_blocks.", StringComparison.Ordinal))
            && modules.Contains("conv_in");
        int resnets = isUNet
            ? 1
                + modules
                    .Select(module => Place().Match(module))
                    .Where(match =>
                        match.Success && match.Groups["side"].Value == "down" && match.Groups["kind"].Value == "resnets"
                    )
                    .Max(match => Number(match, "inner"))
            : 0;
        return modules.ToDictionary(
            module => module,
            module => Prefix + (isUNet ? Translate(module, resnets, modules) : module),
            StringComparer.Ordinal
        );
    }

    private static string Translate(string module, int resnets, IReadOnlyCollection<string> modules)
    {
        if (Ends.TryGetValue(module, out string? end))
            return end;
        if (Middle().Match(module) is { Success: true } middle)
        {
            bool isAttention = middle.Groups["kind"].Value == "attentions";
            int index = (2 * Number(middle, "inner")) + (isAttention ? 1 : 0);
            return string.Create(CultureInfo.InvariantCulture, $"middle_block.{index}.{Inner(middle)}");
        }
        if (Place().Match(module) is not { Success: true } place)
            return module;
        bool isDown = place.Groups["side"].Value == "down";
        int stage = Number(place, "stage"),
            inner = Number(place, "inner"),
            stride = resnets + 1;
        string kind = place.Groups["kind"].Value,
            blocks = isDown ? "input_blocks" : "output_blocks";
        string start = $"{(isDown ? "down" : "up")}_blocks.{stage}.attentions.";
        bool hasAttention = modules.Any(other => other.StartsWith(start, StringComparison.Ordinal));
        string path = kind switch
        {
            "downsamplers" => $"{blocks}.{stride * (stage + 1)}.0.op",
            "upsamplers" => $"{blocks}.{(stride * stage) + resnets}.{(hasAttention ? 2 : 1)}.conv",
            _ =>
                $"{blocks}.{(stride * stage) + inner + (isDown ? 1 : 0)}.{(kind == "attentions" ? 1 : 0)}.{Inner(place)}",
        };
        return path;
    }

    private static string Inner(Match match) =>
        match.Groups["kind"].Value == "resnets"
            ? Resnet.GetValueOrDefault(match.Groups["rest"].Value, match.Groups["rest"].Value)
            : match.Groups["rest"].Value;

    private static int Number(Match match, string group) =>
        int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^(?<side>down|up)_blocks\.(?<stage>\d+)\.(?<kind>resnets|attentions|downsamplers|upsamplers)\.(?<inner>\d+)\.(?<rest>.+)$"
    )]
    private static partial Regex Place();

    [GeneratedRegex(@"^mid_block\.(?<kind>resnets|attentions)\.(?<inner>\d+)\.(?<rest>.+)$")]
    private static partial Regex Middle();
}
