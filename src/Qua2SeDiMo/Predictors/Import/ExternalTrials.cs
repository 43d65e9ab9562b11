using System.Globalization;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Import;

/// <summary>Reads <c>trials.csv</c>: labels and options of every trial. The layout is in docs/formats.md.</summary>
internal sealed class ExternalTrials
{
    private const string FileName = "trials.csv";
    private static readonly string[] BitColumns = ["avg_bits", "average_bits"];
    private static readonly string[] NameColumns = ["id", "trial", "number", "name"];
    private static readonly string[] ImageColumns = ["images", "image"];
    private static readonly char[] ListSeparators = [' ', '|', ';', ',', '/'];

    private readonly DelimitedText table;
    private readonly OptionFeatures features;
    private readonly Dictionary<string, int> optionIndex;
    private readonly List<PredictorTrial> trials = [];
    private readonly List<string> names = [];
    private readonly List<string?> images = [];
    private readonly List<string> notes = [];

    private ExternalTrials(DelimitedText table, OptionFeatures features)
    {
        this.table = table;
        this.features = features;
        optionIndex = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        for (int o = 0; o < features.OptionCount; o++)
        {
            optionIndex[features.Options[o].Name] = o;
            optionIndex[o.ToString(CultureInfo.InvariantCulture)] = o;
        }
    }

    public IReadOnlyList<PredictorTrial> Trials => trials;

    /// <summary>What each trial is called: its <c>id</c>, or its number from 0.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>File or folder of each trial's images; null where none is stated.</summary>
    public IReadOnlyList<string?> Images => images;

    /// <summary>What a person should know of the file.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <exception cref="PredictorFormatException">A column is missing, or a cell cannot be read; the line is
    /// named.</exception>
    public static ExternalTrials Parse(
        string csv,
        OptionFeatures features,
        IReadOnlyList<string> weightNames,
        string targetColumn,
        int maximumTrials
    )
    {
        var result = new ExternalTrials(DelimitedText.Parse(csv, FileName, maximumTrials), features);
        result.Read(weightNames, targetColumn);
        return result;
    }

    private void Read(IReadOnlyList<string> weightNames, string targetColumn)
    {
        // A minus sign turns a column in which less is better round.
        bool negated = Column(targetColumn) < 0 && targetColumn.StartsWith('-');
        int target = Needed(
            negated ? targetColumn[1..] : targetColumn,
            "target",
            "is the label, larger is better (name another column with --target, or --target=-NAME where smaller is better)"
        );
        int options = Column("options");
        int[]? byWeight = options >= 0 ? null : [.. weightNames.Select(Column)];
        if (byWeight is not null && Array.Exists(byWeight, column => column < 0))
        {
            int found = byWeight.Count(column => column >= 0);
            throw new PredictorFormatException(
                found == 0
                    ? $"{FileName} has no column 'options' (one digit per weight); it has {Listed(table.Header)}."
                    : $"{FileName} has columns for {found} of the {weightNames.Count} weights but none for "
                        + $"'{weightNames[Array.FindIndex(byWeight, column => column < 0)]}'."
            );
        }
        int bits = First(BitColumns),
            name = First(NameColumns),
            image = First(ImageColumns);
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        var labelled = new Dictionary<string, List<(int Line, double Target)>>(StringComparer.Ordinal);
        int otherBits = 0;
        foreach ((int line, string[] cells) in table.Rows)
        {
            int[] chosen = byWeight is null
                ? Options(cells[options], line)
                : [.. byWeight.Select((column, w) => Option(cells[column], line, weightNames[w]))];
            double label = Number(cells[target], table.Header[target], line) * (negated ? -1 : 1);
            double computed = features.AverageBits(chosen);
            double averageBits =
                bits >= 0 && cells[bits].Trim().Length > 0 ? Number(cells[bits], table.Header[bits], line) : computed;
            if (Math.Abs(averageBits - computed) > 0.02)
                otherBits++;
            string own =
                name >= 0 && cells[name].Trim().Length > 0
                    ? cells[name].Trim()
                    : (trials.Count).ToString(CultureInfo.InvariantCulture);
            if (name >= 0 && !seen.TryAdd(own, line))
            {
                throw new PredictorFormatException(
                    $"{FileName}, line {line}: trial '{own}' is on line {seen[own]} already; every trial is named once."
                );
            }
            string key = string.Join(' ', chosen);
            if (!labelled.TryGetValue(key, out List<(int Line, double Target)>? same))
                labelled.Add(key, same = []);
            int twin = name < 0 ? same.FindIndex(other => other.Target == label) : -1;
            if (twin >= 0)
                throw new PredictorFormatException(
                    $"{FileName}, line {line}: the same options and label as on line {same[twin].Line}; take one "
                        + "of them out, or name the trials in a column 'id' if both were measured."
                );
            same.Add((line, label));
            trials.Add(new PredictorTrial(chosen, label, averageBits));
            names.Add(own);
            images.Add(image >= 0 && cells[image].Trim().Length > 0 ? cells[image].Trim() : null);
        }
        if (trials.Count == 0)
            throw new PredictorFormatException($"{FileName} has a header but no trials.");
        int repeated = labelled.Values.Count(lines => lines.Count > 1);
        if (repeated > 0)
            notes.Add($"{repeated} allocations were labelled more than once; their trials stay in the same fold.");
        if (otherBits > 0)
            notes.Add(
                $"The average bits of {otherBits} trials differ by more than 0.02 from what the sizes in the "
                    + "graph give; the column was taken."
            );
        if (negated)
            notes.Add(
                $"The label is the column '{table.Header[target]}' with its sign turned, so that larger is better."
            );
    }

    private int First(string[] candidates) => candidates.Select(Column).FirstOrDefault(column => column >= 0, -1);

    private int Column(string name)
    {
        int found = -1;
        for (int i = 0; i < table.Header.Count; i++)
        {
            if (!string.Equals(table.Header[i], name, StringComparison.OrdinalIgnoreCase))
                continue;
            if (found >= 0)
                throw new PredictorFormatException($"{FileName} has two columns '{name}'.");
            found = i;
        }
        return found;
    }

    private int Needed(string name, string usual, string meaning) =>
        Column(name) is >= 0 and int at
            ? at
            : throw new PredictorFormatException(
                $"{FileName} has no column '{name}'; it has {Listed(table.Header)}. "
                    + (name == usual ? $"'{usual}' {meaning}." : "Name one of them with --target.")
            );

    private int[] Options(string cell, int line)
    {
        string text = cell.Trim().TrimStart('\'');
        if (text.AsSpan().IndexOfAny(ListSeparators) >= 0)
        {
            string[] parts = text.Split(
                ListSeparators,
                StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries
            );
            RequireCount(parts.Length, line, "options");
            return [.. parts.Select((part, w) => Option(part, line, $"weight {w}"))];
        }
        if (text.Contains('E', StringComparison.OrdinalIgnoreCase) && text.Contains('+', StringComparison.Ordinal))
        {
            throw new PredictorFormatException(
                $"{FileName}, line {line}: 'options' holds '{text}'. A spreadsheet took the digits for a number; store the column as text."
            );
        }
        RequireCount(text.Length, line, "digits");
        int[] chosen = new int[text.Length];
        for (int w = 0; w < chosen.Length; w++)
        {
            chosen[w] = text[w] - '0';
            if ((uint)chosen[w] >= (uint)Math.Min(10, features.OptionCount))
            {
                throw new PredictorFormatException(
                    $"{FileName}, line {line}: digit {w + 1} of 'options' is '{text[w]}'; expected 0 to "
                        + $"{features.OptionCount - 1}, an index into option_order "
                        + $"({Listed([.. features.Options.Select(option => option.Name)])})."
                );
            }
        }
        return chosen;
    }

    private int Option(string text, int line, string weight) =>
        optionIndex.TryGetValue(text.Trim(), out int option)
            ? option
            : throw new PredictorFormatException(
                $"{FileName}, line {line}: the option of {weight} is '{text.Trim()}'; expected 0 to "
                    + $"{features.OptionCount - 1} or one of "
                    + $"{Listed([.. features.Options.Select(known => known.Name)])}."
            );

    private void RequireCount(int count, int line, string what)
    {
        if (count == features.WeightCount)
            return;
        throw new PredictorFormatException(
            $"{FileName}, line {line}: 'options' has {count} {what}; the graph has {features.WeightCount} "
                + $"weights, so it needs {features.WeightCount}"
                + (
                    count < features.WeightCount && what == "digits"
                        ? " (leading zeros are lost where a spreadsheet takes the column for numbers)."
                        : "."
                )
        );
    }

    private double Number(string cell, string column, int line)
    {
        string text = cell.Trim();
        // Where semicolons separate cells, a comma is the decimal point.
        if (table.Separator == ';' && !text.Contains('.', StringComparison.Ordinal))
            text = text.Replace(',', '.');
        if (
            !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && !text.Equals("nan", StringComparison.OrdinalIgnoreCase)
        )
        {
            throw new PredictorFormatException(
                $"{FileName}, line {line}: '{column}' holds '{cell.Trim()}', which is not a number."
            );
        }
        return double.IsFinite(value) && !text.Equals("nan", StringComparison.OrdinalIgnoreCase)
            ? value
            : throw new PredictorFormatException(
                $"{FileName}, line {line}: '{column}' is '{cell.Trim()}'; leave trials without a finite label out."
            );
    }

    private static string Listed(IReadOnlyList<string> names) =>
        names.Count <= 12 ? string.Join(", ", names) : $"{string.Join(", ", names.Take(12))}, … ({names.Count} in all)";
}
