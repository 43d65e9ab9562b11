using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;
using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>
/// CLIP's byte-level byte-pair encoding (Radford et al., ICML 2021): Unicode is composed, whitespace becomes one space,
/// letters become lower case, text is split into words and symbols, and pairs are merged within them.
/// Microsoft.ML.Tokenizers does the merging; the steps before it are implemented here, because added tokens must be
/// matched before the text is lower-cased and normalization must not depend on ICU.
/// </summary>
internal sealed partial class ClipTokenizer : TextTokenizer
{
    // Many files have these alternatives before the word pattern; they have no effect, because ByteLevel splits such
    // matches again.
    private const string MarkerPattern = @"<\|startoftext\|>|<\|endoftext\|>|";
    private const string WordPattern = @"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";
    private readonly BpeTokenizer merges;

    private ClipTokenizer(BpeTokenizer merges, TokenizerFrame frame, IReadOnlyDictionary<string, int> vocabulary)
        : base(frame, vocabulary) => this.merges = merges;

    /// <summary>Reads tokenizer.json, which transformers prefers, or vocab.json and merges.txt.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="maximumLength">Length to pad and truncate to.</param>
    /// <param name="isConcrete">Whether the folder names a concrete class, which determines normalization and
    /// splitting; else tokenizer.json does.</param>
    public static ClipTokenizer Open(TokenizerFolder folder, int maximumLength, bool isConcrete)
    {
        Steps steps = isConcrete ? new Steps(true, true, true) : ReadSteps(folder.Json!);
        folder.Json?.RequireModel("BPE");
        Dictionary<string, int> vocabulary = folder.Json?.ReadVocabulary() ?? folder.ReadVocabulary("vocab.json");
        string[] pairs =
            folder.Json?.ReadMerges()
            ??
            [
                .. folder
                    .ReadLines("merges.txt")
                    .Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal)),
            ];
        string start = folder.SpecialToken("bos_token", "<|startoftext|>");
        string end = folder.SpecialToken("eos_token", "<|endoftext|>");
        string padding = folder.SpecialToken("pad_token", end);
        string unknown = folder.SpecialToken("unk_token", end);
        var added = new AddedTokens(
            AddedVocabulary.Read(folder, vocabulary, folder.SpecialTokens(vocabulary, start, end, unknown, padding)),
            steps.Normalize
        );
        (int[] before, int[] after) = isConcrete
            ? ([IdOf(start)], [IdOf(end)])
            : TextEnds.Read(folder.Json!, folder, IdOf);
        var frame = new TokenizerFrame(before, after, IdOf(padding), added, maximumLength);
        try
        {
            var options = new BpeOptions(vocabulary)
            {
                Merges = pairs,
                ByteLevel = true,
                EndOfWordSuffix = "</w>",
                UnknownToken = vocabulary.ContainsKey(unknown) ? unknown : null,
                PreTokenizer = new RegexPreTokenizer(Words(), null),
            };
            return new ClipTokenizer(BpeTokenizer.Create(options), frame, vocabulary);
        }
        catch (Exception error)
            when (error
                    is ArgumentException
                        or InvalidOperationException
                        or KeyNotFoundException
                        or FormatException
                        or IndexOutOfRangeException
            )
        {
            throw new TokenizerException(
                $"{folder.DirectoryPath}: vocabulary and merges do not fit together: {error.Message}",
                error
            );
        }

        int IdOf(string token) =>
            vocabulary.TryGetValue(token, out int id) || added.Ids.TryGetValue(token, out id)
                ? id
                : throw new TokenizerException(
                    $"{folder.DirectoryPath}: special token '{token}' is not in the vocabulary."
                );
    }

    /// <inheritdoc/>
    protected override void AddIds(string text, List<int> ids) => ids.AddRange(merges.EncodeToIds(text));

    private static Steps ReadSteps(TokenizerJson json)
    {
        json.RequireSettings(
            ("end_of_word_suffix", ["\"</w>\""]),
            ("continuing_subword_prefix", ["\"\""]),
            ("byte_fallback", ["false"]),
            ("ignore_merges", ["false"]),
            ("dropout", ["0", "0.0"])
        );
        if (json.Model["end_of_word_suffix"].IsNull)
            throw json.Model.Error("a byte-pair model without end_of_word_suffix '</w>'; CLIP's has it.");
        var steps = new Steps(false, false, false);
        foreach (ForeignValue step in json.Normalizers)
        {
            // The order must be CLIP's, composition first and lower case last; another order would give other texts.
            steps = step["type"].TextOrNull() switch
            {
                "NFC" when steps is { JoinsBlanks: false, LowerCases: false } => steps with { Composes = true },
                "Replace"
                    when step["pattern"]["Regex"].TextOrNull() == @"\s+"
                        && step["content"].TextOrNull() == " "
                        && !steps.LowerCases => steps with
                {
                    JoinsBlanks = true,
                },
                "Lowercase" => steps with { LowerCases = true },
                _ => throw TokenizerJson.Unsupported(
                    step,
                    @"for byte pairs NFC, Replace of \s+ by a space, and Lowercase are, in that order"
                ),
            };
        }
        const string Supported = "words of byte pairs are found by a Split with CLIP's pattern, then ByteLevel";
        IReadOnlyList<ForeignValue> cuts = json.PreTokenizers;
        if (cuts.Count == 0)
            throw json.Model.Error($"there is no pre_tokenizer; {Supported}.");
        ForeignValue split = cuts[0];
        string? pattern = split["type"].TextOrNull() == "Split" ? split["pattern"]["Regex"].TextOrNull() : null;
        if (
            pattern is not (WordPattern or MarkerPattern + WordPattern)
            || split["behavior"].TextOrNull() != "Removed"
            || split["invert"].FlagOrNull() != true
        )
            throw TokenizerJson.Unsupported(split, Supported);
        if (
            cuts.Count != 2
            || cuts[1]["type"].TextOrNull() != "ByteLevel"
            || cuts[1]["add_prefix_space"].FlagOrNull() == true
            || cuts[1]["use_regex"].FlagOrNull() == false
        )
            throw TokenizerJson.Unsupported(cuts[^1], Supported);
        return steps;
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex(WordPattern)]
    private static partial Regex Words();

    // Normalization of a text before it is split into words.
    private sealed record Steps(bool Composes, bool JoinsBlanks, bool LowerCases)
    {
        internal string Normalize(string text)
        {
            if (Composes)
                text = UnicodeNormalization.Compose(text);
            if (JoinsBlanks)
                text = Blanks().Replace(text, " ");
            // İ is the only letter whose lower case is two code points; .NET maps only to single ones.
            return LowerCases ? text.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant() : text;
        }
    }
}
