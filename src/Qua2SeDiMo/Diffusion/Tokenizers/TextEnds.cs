using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>Start and end ids that a tokenizer.json adds around a text.</summary>
internal static class TextEnds
{
    /// <summary>Reads the start and end ids.</summary>
    /// <param name="json">The file.</param>
    /// <param name="folder">Its folder, whose <c>add_bos_token</c> and <c>add_eos_token</c> take precedence.</param>
    /// <param name="idOf">Returns the id of a token; throws when there is none.</param>
    /// <exception cref="JsonFileException">A post-processing step is not supported.</exception>
    public static (int[] Start, int[] End) Read(TokenizerJson json, TokenizerFolder folder, Func<string, int> idOf)
    {
        bool? begins = folder.Config["add_bos_token"].FlagOrNull(),
            ends = folder.Config["add_eos_token"].FlagOrNull();
        if (begins is not null || ends is not null)
        {
            return (
                begins == true ? [idOf(folder.SpecialToken("bos_token", ""))] : [],
                ends == true ? [idOf(folder.SpecialToken("eos_token", ""))] : []
            );
        }
        return Read(json.PostProcessor);
    }

    private static (int[] Start, int[] End) Read(ForeignValue step)
    {
        if (step.IsNull)
            return ([], []);
        switch (step["type"].TextOrNull())
        {
            case "RobertaProcessing" or "BertProcessing":
                return ([Pair(step["cls"])], [Pair(step["sep"])]);
            case "TemplateProcessing":
                return Template(step);
            case "ByteLevel":
                return ([], []);
            case "Sequence":
                // Each step adds ids around the result of the previous one.
                (int[] start, int[] end) = ([], []);
                foreach (ForeignValue inner in step["processors"].Items)
                {
                    (int[] before, int[] after) = Read(inner);
                    (start, end) = ([.. before, .. start], [.. end, .. after]);
                }
                return (start, end);
            default:
                throw TokenizerJson.Unsupported(step, "RobertaProcessing, BertProcessing and TemplateProcessing are");
        }
    }

    private static int Pair(ForeignValue pair) =>
        pair.Items is [_, var id] ? id.Int() : throw pair.Fault("a token and its id");

    private static (int[] Start, int[] End) Template(ForeignValue step)
    {
        var start = new List<int>();
        var end = new List<int>();
        bool isAfter = false;
        foreach (ForeignValue item in step["single"].Items)
        {
            if (item.Has("Sequence"))
            {
                if (isAfter)
                    throw TokenizerJson.Unsupported(step["single"], "a text stands there once");
                isAfter = true;
                continue;
            }
            string name = item["SpecialToken"]["id"].Text();
            (isAfter ? end : start).AddRange(step["special_tokens"][name]["ids"].Items.Select(id => id.Int()));
        }
        return isAfter
            ? ([.. start], [.. end])
            : throw TokenizerJson.Unsupported(step["single"], "a text stands there once");
    }
}
