using Qua2SeDiMo.Diffusion;

namespace Qua2SeDiMo.Cli;

/// <summary>Notes on prompts that are cut at a text encoder's token limit: one sentence per prompt, for a limited
/// number of prompts.</summary>
internal static class CutTextNotes
{
    private const int PromptsNamed = 8;
    private const int PromptExcerpt = 48;
    private const int LostExcerpt = 600;

    /// <summary>Adds the notes, which go to standard error.</summary>
    /// <returns>The cut texts, for the result.</returns>
    internal static IReadOnlyList<CutText> Say(CommandContext context, IReadOnlyList<CutText> cut)
    {
        foreach (string sentence in Of(cut))
            context.Notes.Add(sentence);
        return cut;
    }

    private static IEnumerable<string> Of(IReadOnlyList<CutText> cut)
    {
        IGrouping<(string, bool), CutText>[] prompts = [.. cut.GroupBy(text => (text.Prompt, text.IsNegative))];
        foreach (IGrouping<(string Prompt, bool IsNegative), CutText> prompt in prompts.Take(PromptsNamed))
        {
            IEnumerable<string> losses = prompt
                .GroupBy(text => (text.MaximumTokens, text.Lost))
                .Select(loss =>
                    $"{string.Join(" and ", loss.Select(text => text.Encoder))}: after {loss.Key.MaximumTokens} tokens, lost is "
                    + $"\"{Shorten(loss.Key.Lost)}\""
                );
            yield return $"{(prompt.Key.IsNegative ? "negative prompt" : "prompt")} \"{Begin(prompt.Key.Prompt)}\" is cut "
                + $"({string.Join("; ", losses)})";
        }
        if (prompts.Length > PromptsNamed)
            yield return $"{prompts.Length - PromptsNamed} more prompts are cut; --json lists them all";
    }

    private static string Begin(string text) =>
        text.Length <= PromptExcerpt ? text : text[..Whole(text, PromptExcerpt)] + "…";

    private static string Shorten(string text) =>
        text.Length <= LostExcerpt
            ? text
            : $"{text[..Whole(text, LostExcerpt / 2)]} … {text[Whole(text, text.Length - (LostExcerpt / 2))..]}";

    // Moves the position back if it would separate a surrogate pair.
    private static int Whole(string text, int at) => char.IsLowSurrogate(text[at]) ? at - 1 : at;
}
