using System.Globalization;
using System.Text.RegularExpressions;
using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Studies.Allocations;

/// <summary>How the labels of a file of allocations were made. A member is null when the file does not state it
/// (docs/formats.md).</summary>
internal sealed partial record AllocationProtocol
{
    /// <summary>Number of denoising steps, from <c>steps</c>.</summary>
    public int? StepCount { get; init; }

    /// <summary>Scale of classifier-free guidance, from <c>guidance_scale</c>.</summary>
    public double? GuidanceScale { get; init; }

    /// <summary>The negative prompt of guidance, from <c>negative_prompt</c>.</summary>
    public string? NegativePrompt { get; init; }

    /// <summary>Height in pixels, from <c>height</c>.</summary>
    public int? Height { get; init; }

    /// <summary>Width in pixels, from <c>width</c>.</summary>
    public int? Width { get; init; }

    /// <summary>Bits of quantized activations, from <c>activation_bits</c>.</summary>
    public int? ActivationBits { get; init; }

    /// <summary>Seed of the first image, from <c>seeds</c>: a number, <c>"42 + image index"</c> or <c>"42 for all
    /// images"</c>.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Whether all images start from the same noise, that of <see cref="Seed"/>; null when no seed is
    /// stated.</summary>
    public bool? SharedNoise { get; init; }

    /// <summary>Number of images of a trial, from <c>prompts</c>.</summary>
    public int? ImageCount { get; init; }

    /// <summary>The prompts, from <c>prompts</c>: a list of texts.</summary>
    public IReadOnlyList<string>? Prompts { get; init; }

    /// <summary>
    /// File whose first <see cref="ImageCount"/> lines are the prompts, from <c>prompts</c>: <c>"first 32 lines of
    /// FILE"</c>.
    /// </summary>
    public string? PromptsFile { get; init; }

    /// <summary>Statements that could not be parsed: path and content of each.</summary>
    public IReadOnlyList<string> NotUnderstood { get; init; } = [];

    /// <summary>Whether the file states steps, guidance, seed and prompts, which are needed to reproduce the
    /// labels.</summary>
    public bool IsWhole =>
        StepCount is not null && GuidanceScale is not null && Seed is not null && ImageCount is not null;

    /// <summary>Reads the protocol from the root object of a parsed document.</summary>
    internal static AllocationProtocol Of(ForeignValue root)
    {
        if (!root.IsObject)
            return new AllocationProtocol();
        var strange = new List<string>();
        var protocol = new AllocationProtocol
        {
            StepCount = Whole("steps", 1),
            GuidanceScale = Stated(
                "guidance_scale",
                value => value.IsNumber && double.IsFinite(value.Number()) ? value.Number() : (double?)null
            ),
            NegativePrompt = root["negative_prompt"] is { IsText: true } negative ? negative.Text() : null,
            Height = Whole("height", 1),
            Width = Whole("width", 1),
            ActivationBits = Whole("activation_bits", 2),
        };
        return WithPrompts(WithSeeds(protocol, root["seeds"], strange), root["prompts"], strange) with
        {
            NotUnderstood = strange,
        };

        int? Whole(string name, int least) =>
            Stated(name, value => value.TryInt(out int number) && number >= least ? number : (int?)null);

        T? Stated<T>(string name, Func<ForeignValue, T?> read)
            where T : struct
        {
            ForeignValue value = root[name];
            T? understood = value.IsNull ? null : read(value);
            if (!value.IsNull && understood is null)
                strange.Add(Shown(value));
            return understood;
        }
    }

    private static AllocationProtocol WithSeeds(AllocationProtocol protocol, ForeignValue seeds, List<string> strange)
    {
        if (seeds.IsNull)
            return protocol;
        if (seeds.IsNumber && IsSeed(seeds.Excerpt(), out ulong first))
            return protocol with { Seed = first, SharedNoise = false };
        Match match = SeedWords().Match(seeds.IsText ? seeds.Text() : "");
        if (match.Success && IsSeed(match.Groups["seed"].Value, out ulong seed))
        {
            return protocol with { Seed = seed, SharedNoise = match.Groups["all"].Success };
        }
        strange.Add(Shown(seeds));
        return protocol;
    }

    // Decimal digits only, up to 2^64 − 1.
    private static bool IsSeed(string text, out ulong seed) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seed);

    private static AllocationProtocol WithPrompts(
        AllocationProtocol protocol,
        ForeignValue prompts,
        List<string> strange
    )
    {
        if (prompts.IsNull)
            return protocol;
        if (prompts.IsList && prompts.Items is { Count: > 0 } items && items.All(text => text.IsText))
        {
            return protocol with { Prompts = [.. items.Select(text => text.Text())], ImageCount = items.Count };
        }
        Match match = PromptWords().Match(prompts.IsText ? prompts.Text() : "");
        if (
            match.Success
            && int.TryParse(match.Groups["count"].Value, CultureInfo.InvariantCulture, out int count)
            && count > 0
        )
        {
            return protocol with { PromptsFile = match.Groups["file"].Value, ImageCount = count };
        }
        strange.Add(Shown(prompts));
        return protocol;
    }

    private static string Shown(ForeignValue value) => $"'{value.Path}': {value.Excerpt()}";

    [GeneratedRegex(
        @"^\s*(?<seed>[0-9]+)\s*(\+\s*image\s+index|(?<all>for\s+all\s+images))\s*$",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex SeedWords();

    [GeneratedRegex(@"^\s*first\s+(?<count>[0-9]+)\s+lines\s+of\s+(?<file>\S.*?)\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex PromptWords();
}
