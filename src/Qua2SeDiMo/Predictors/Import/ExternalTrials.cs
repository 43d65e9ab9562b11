using System.Globalization;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Import;

/// <summary>Reads <c>trials.csv</c>: labels and options of every trial. The layout is in docs/formats.md.</summary>
internal sealed class ExternalTrials
{
    private const string FileName = "trials.csv";
    private static readonly char[] ListSeparators = [' ', '|', ';', ',', '/'];

    private readonly DelimitedText table;
    private readonly TrialColumns columns;
    private readonly OptionFeatures features;
    private readonly IReadOnlyList<string> weightNames;
    private readonly Dictionary<string, int> optionIndex = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, int> lineOfName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<(int Line, double Target)>> labelled = new(StringComparer.Ordinal);
    private readonly List<PredictorTrial> trials = [];
    private readonly List<string> names = [];
    private readonly List<string?> images = [];
    private readonly List<string> notes = [];
    private int otherBits;

    private ExternalTrials(
        DelimitedText table,
        OptionFeatures features,
        IReadOnlyList<string> weightNames,
        string targetColumn
    )
    {
        (this.table, this.features, this.weightNames) = (table, features, weightNames);
        columns = TrialColumns.Find(table, weightNames, targetColumn);
        for (int o = 0; o < features.OptionCount; o++)
        {
            optionIndex[features.Options[o].Name] = o;
            optionIndex[o.ToString(CultureInfo.InvariantCulture)] = o;
        }
    }

    public IReadOnlyList<PredictorTrial> Trials => trials;

    /// <summary>Name of each trial: its <c>id</c>, or its number from 0.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>File or folder of each trial's images; null where none is stated.</summary>
    public IReadOnlyList<string?> Images => images;

    /// <summary>Remarks on the file for the user.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <exception cref="PredictorFormatException">A column is missing, a cell cannot be read, a trial is repeated, or
    /// there are no trials or too many; the message names the line.</exception>
    public static ExternalTrials Parse(
        string csv,
        OptionFeatures features,
        IReadOnlyList<string> weightNames,
        string targetColumn,
        int maximumTrials
    )
    {
        var result = new ExternalTrials(DelimitedText.Parse(csv, FileName), features, weightNames, targetColumn);
        foreach ((int line, string[] cells) in result.table.Rows)
        {
            if (result.trials.Count == maximumTrials)
                throw new PredictorFormatException(
                    $"{FileName}: more than {maximumTrials:#,0} trials; this many are not supported."
                );
            result.Add(line, cells);
        }
        result.Conclude();
        return result;
    }

    private void Add(int line, string[] cells)
    {
        int[] chosen = columns.ByWeight is { } byWeight
            ? [.. byWeight.Select((column, w) => Option(cells[column], line, weightNames[w]))]
            : Options(cells[columns.Options], line);
        double label = Number(cells, columns.Target, line) * (columns.IsNegated ? -1 : 1);
        double computed = features.AverageBits(chosen);
        double averageBits = Stated(cells, columns.AverageBits) is null
            ? computed
            : Number(cells, columns.AverageBits, line);
        if (Math.Abs(averageBits - computed) > 0.02)
            otherBits++;
        string name = Stated(cells, columns.Name) ?? trials.Count.ToString(CultureInfo.InvariantCulture);
        RequireFirst(line, name, string.Join(' ', chosen), label);
        trials.Add(new PredictorTrial(chosen, label, averageBits));
        names.Add(name);
        images.Add(Stated(cells, columns.Images));
    }

    // Names, where given, must be unique. Without names, lines with the same options and label are refused as copies.
    private void RequireFirst(int line, string name, string allocation, double label)
    {
        if (columns.Name >= 0 && !lineOfName.TryAdd(name, line))
            throw table.Fault(
                line,
                $"trial '{name}' is on line {lineOfName[name]} already; every trial is named once."
            );
        if (!labelled.TryGetValue(allocation, out List<(int Line, double Target)>? same))
            labelled.Add(allocation, same = []);
        int twin = columns.Name < 0 ? same.FindIndex(other => other.Target == label) : -1;
        if (twin >= 0)
        {
            throw table.Fault(
                line,
                $"the same options and label as on line {same[twin].Line}; take one "
                    + "of them out, or name the trials in a column 'id' if both were measured."
            );
        }
        same.Add((line, label));
    }

    private void Conclude()
    {
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
        if (columns.IsNegated)
            notes.Add(
                $"The label is the column '{table.Header[columns.Target]}' with its sign turned, so that larger is better."
            );
    }

    private static string? Stated(string[] cells, int column) =>
        column >= 0 && cells[column].Trim() is { Length: > 0 } text ? text : null;

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
            throw table.Fault(
                line,
                $"'options' holds '{text}'. A spreadsheet took the digits for a number; store the column as text."
            );
        }
        RequireCount(text.Length, line, "digits");
        int[] chosen = new int[text.Length];
        for (int w = 0; w < chosen.Length; w++)
        {
            chosen[w] = text[w] - '0';
            if ((uint)chosen[w] >= (uint)Math.Min(10, features.OptionCount))
            {
                throw table.Fault(
                    line,
                    $"digit {w + 1} of 'options' is '{text[w]}'; expected 0 to {features.OptionCount - 1}, "
                        + $"an index into option_order ({OptionNames()})."
                );
            }
        }
        return chosen;
    }

    private int Option(string text, int line, string weight) =>
        optionIndex.TryGetValue(text.Trim(), out int option)
            ? option
            : throw table.Fault(
                line,
                $"the option of {weight} is '{text.Trim()}'; expected 0 to "
                    + $"{features.OptionCount - 1} or one of {OptionNames()}."
            );

    private string OptionNames() => TrialColumns.Listed([.. features.Options.Select(option => option.Name)]);

    private void RequireCount(int count, int line, string what)
    {
        if (count == features.WeightCount)
            return;
        throw table.Fault(
            line,
            $"'options' has {count} {what}; the graph has {features.WeightCount} "
                + $"weights, so it needs {features.WeightCount}"
                + (
                    count < features.WeightCount && what == "digits"
                        ? " (leading zeros are lost where a spreadsheet takes the column for numbers)."
                        : "."
                )
        );
    }

    private double Number(string[] cells, int column, int line)
    {
        string text = cells[column].Trim();
        // Where semicolons separate cells, a comma is the decimal point.
        string plain =
            table.Separator == ';' && !text.Contains('.', StringComparison.Ordinal) ? text.Replace(',', '.') : text;
        if (!double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
            throw table.Fault(line, $"'{table.Header[column]}' holds '{text}', which is not a number.");
        return double.IsFinite(value)
            ? value
            : throw table.Fault(
                line,
                $"'{table.Header[column]}' is '{text}'; leave trials without a finite label out."
            );
    }
}
