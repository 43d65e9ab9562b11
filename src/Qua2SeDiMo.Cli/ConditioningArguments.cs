using System.CommandLine;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Labelling;

namespace Qua2SeDiMo.Cli;

/// <summary>Options of <c>q2 generate</c> for negative prompts and for the size conditions of the model.</summary>
internal sealed class ConditioningArguments
{
    private readonly Option<string[]> negative = new("--negative-prompt")
    {
        Description =
            "What guidance steers away from; one for all images, or the option repeated as often as there are prompts. Stable "
            + "Diffusion XL tells an empty one from none",
    };
    private readonly Option<string?> negatives = new("--negative-prompts")
    {
        Description =
            "Text file with more negative prompts, one a line in the order of the prompts; an empty line is an empty one",
    };

    private readonly SizeArguments sizes;

    internal ConditioningArguments(Command command)
    {
        command.Add(negative);
        command.Add(negatives);
        sizes = new SizeArguments(command);
    }

    /// <summary>The option for negative prompts.</summary>
    internal Option Negative => negative;

    /// <summary>The request with negative prompts and sizes.</summary>
    /// <param name="result">The parsed command line.</param>
    /// <param name="request">Steps, guidance, size.</param>
    /// <param name="prompts">Number of prompts.</param>
    /// <param name="images">Number of images; with fewer prompts, these and their negative prompts are repeated in
    /// order.</param>
    /// <exception cref="GenerationException">There are several negative prompts, but not as many as
    /// prompts.</exception>
    internal GenerationRequest Apply(ParseResult result, GenerationRequest request, int prompts, int images)
    {
        List<string> texts = [.. result.GetValue(negative) ?? []];
        if (result.GetValue(negatives) is { } file)
        {
            texts.AddRange(PromptFile.ReadLines(file));
            while (texts.Count > prompts && texts[^1].Length == 0)
                texts.RemoveAt(texts.Count - 1);
        }
        if (texts.Count > 1 && texts.Count != prompts)
            throw new GenerationException(
                $"There are {texts.Count} negative prompts for {prompts} prompts; give one for all, or one for each."
            );
        return request with
        {
            NegativePrompts =
                texts.Count <= 1 ? texts : [.. Enumerable.Range(0, images).Select(i => texts[i % texts.Count])],
            Sizes = sizes.Read(result),
        };
    }
}
