using System.Globalization;
using System.Text;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>
/// Canonical decomposition and composition (Unicode Standard Annex 15: NFD and NFC). .NET's normalization needs ICU and
/// leaves non-ASCII text unchanged without it. The program runs without ICU (invariant globalization), so the tables
/// are in an embedded file.
/// </summary>
internal static class UnicodeNormalization
{
    private const int HangulBase = 0xAC00,
        LeadBase = 0x1100,
        VowelBase = 0x1161,
        TailBase = 0x11A7;
    private const int LeadCount = 19,
        VowelCount = 21,
        TailCount = 28,
        HangulCount = LeadCount * VowelCount * TailCount;

    private static readonly Tables Data = Tables.Read();

    /// <summary>Composed form (NFC).</summary>
    public static string Compose(string text)
    {
        if (Ascii.IsValid(text))
            return text;
        List<int> codes = DecomposeToCodes(text);
        // lastClass is the combining class of the last mark kept after the starter, −1 if none: a mark of the same or a
        // higher class blocks later marks from the starter.
        int kept = 0,
            starter = -1,
            lastClass = -1;
        for (int i = 0; i < codes.Count; i++)
        {
            int code = codes[i];
            int combiningClass = ClassOf(code);
            if (starter >= 0 && lastClass < combiningClass && PairOf(codes[starter], code) is { } composed)
            {
                codes[starter] = composed;
                continue;
            }
            if (combiningClass == 0)
                starter = kept;
            lastClass = combiningClass == 0 ? -1 : combiningClass;
            codes[kept++] = code;
        }
        return ToText(codes.Take(kept));
    }

    /// <summary>Decomposed form (NFD).</summary>
    public static string Decompose(string text) => Ascii.IsValid(text) ? text : ToText(DecomposeToCodes(text));

    private static List<int> DecomposeToCodes(string text)
    {
        var codes = new List<int>(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            Add(rune.Value, codes);

        // Canonical order: marks after a starter are sorted by combining class; the sort is stable.
        for (int i = 1; i < codes.Count; i++)
        {
            int combiningClass = ClassOf(codes[i]);
            if (combiningClass == 0)
                continue;
            for (int j = i; j > 0 && ClassOf(codes[j - 1]) > combiningClass; j--)
                (codes[j - 1], codes[j]) = (codes[j], codes[j - 1]);
        }
        return codes;
    }

    private static void Add(int code, List<int> codes)
    {
        int syllable = code - HangulBase;
        if (syllable is >= 0 and < HangulCount)
        {
            codes.Add(LeadBase + (syllable / (VowelCount * TailCount)));
            codes.Add(VowelBase + (syllable % (VowelCount * TailCount) / TailCount));
            if (syllable % TailCount != 0)
                codes.Add(TailBase + (syllable % TailCount));
        }
        else if (Data.Decompositions.TryGetValue(code, out int[]? parts))
        {
            foreach (int part in parts)
                Add(part, codes);
        }
        else
        {
            codes.Add(code);
        }
    }

    private static int? PairOf(int first, int second)
    {
        int lead = first - LeadBase,
            vowel = second - VowelBase;
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount)
            return HangulBase + (((lead * VowelCount) + vowel) * TailCount);
        int syllable = first - HangulBase,
            tail = second - TailBase;
        if (syllable is >= 0 and < HangulCount && syllable % TailCount == 0 && tail is > 0 and < TailCount)
            return first + tail;
        return Data.Compositions.TryGetValue((first, second), out int composed) ? composed : null;
    }

    private static int ClassOf(int code) => Data.Classes.TryGetValue(code, out int combiningClass) ? combiningClass : 0;

    private static string ToText(IEnumerable<int> codes)
    {
        var text = new StringBuilder();
        foreach (int code in codes)
            text.Append(new Rune(code).ToString());
        return text.ToString();
    }

    private sealed record Tables(
        Dictionary<int, int> Classes,
        Dictionary<int, int[]> Decompositions,
        Dictionary<(int First, int Second), int> Compositions
    )
    {
        public static Tables Read()
        {
            var tables = new Tables([], [], []);
            using Stream stream = typeof(UnicodeNormalization).Assembly.GetManifestResourceStream(
                "UnicodeNormalization.txt"
            )!;
            using var reader = new StreamReader(stream);
            while (reader.ReadLine() is { } line)
            {
                if (line.StartsWith('#'))
                    continue;
                int sign = line.AsSpan().IndexOfAny('=', '>');
                if (sign < 0)
                    tables.AddClass(line);
                else
                    tables.AddDecomposition(
                        Hexadecimal(line[..sign]),
                        [.. line[(sign + 1)..].Split(' ').Select(Hexadecimal)],
                        line[sign] == '>'
                    );
            }
            return tables;
        }

        private void AddClass(string line)
        {
            string[] fields = line.Split('-', ' ');
            for (int code = Hexadecimal(fields[0]); code <= Hexadecimal(fields[1]); code++)
                Classes.Add(code, int.Parse(fields[2], CultureInfo.InvariantCulture));
        }

        private void AddDecomposition(int code, int[] parts, bool composes)
        {
            Decompositions.Add(code, parts);
            if (composes)
                Compositions.Add((parts[0], parts[1]), code);
        }

        private static int Hexadecimal(string text) =>
            int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
