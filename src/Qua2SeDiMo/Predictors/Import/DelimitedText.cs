using System.Globalization;
using nietras.SeparatedValues;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Import;

/// <summary>
/// A table as spreadsheets and scripts write it: separated by commas, semicolons or tabs, with any line ends, quoted
/// cells that may hold separators and line ends, a byte-order mark, and comment lines (#). Errors name the line.
/// </summary>
/// <remarks>
/// Sep splits the text into rows and cells. It accepts quotes anywhere and lets the end of the file close an open one,
/// so cells are taken unprocessed and their quotes are checked here. Sep refuses a row of more than 16,777,216
/// characters; the caller limits the whole text.
/// </remarks>
internal sealed class DelimitedText
{
    private static readonly char[] Separators = [',', ';', '\t'];

    private readonly string text;
    private readonly int linesBefore;
    private readonly Dictionary<string, int> columns = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> repeated = new(StringComparer.OrdinalIgnoreCase);

    private DelimitedText(string text, string name)
    {
        (this.text, Name) = (text.TrimStart('\uFEFF'), name);
        (Separator, linesBefore) = FindHeader();
        Header = [.. Records().First().Cells.Select(cell => cell.Trim())];
        for (int i = 0; i < Header.Count; i++)
        {
            if (!columns.TryAdd(Header[i], i))
                repeated.Add(Header[i]);
        }
    }

    /// <summary>Name of the table in messages.</summary>
    public string Name { get; }

    /// <summary>Whichever of comma, semicolon and tab is most frequent in the header.</summary>
    public char Separator { get; }

    /// <summary>Names of the columns, trimmed.</summary>
    public IReadOnlyList<string> Header { get; }

    /// <summary>Cells of each line after the header, with the number of the line it begins on, from 1. Each row has as
    /// many cells as the header. Rows are read lazily.</summary>
    /// <exception cref="PredictorFormatException">A quote is not closed or is inside a cell, or a line has another
    /// number of cells than the header; thrown when enumeration reaches that line.</exception>
    public IEnumerable<(int Line, string[] Cells)> Rows
    {
        get
        {
            foreach ((int line, string[] cells) in Records().Skip(1))
            {
                // Spreadsheets leave rows of empty cells at the end.
                if (Array.TrueForAll(cells, string.IsNullOrWhiteSpace))
                    continue;
                if (cells.Length != Header.Count)
                {
                    throw Fault(
                        line,
                        $"{cells.Length} cells; the header has {Header.Count} "
                            + $"({string.Join(", ", Header.Take(8))}{(Header.Count > 8 ? ", …" : "")})."
                    );
                }
                yield return (line, cells);
            }
        }
    }

    /// <summary>Reads the header of a table.</summary>
    /// <param name="text">Content of the file.</param>
    /// <param name="name">Name of the table in messages.</param>
    /// <exception cref="PredictorFormatException">The text has no header, or a quote in the header is not closed or is
    /// inside a cell.</exception>
    public static DelimitedText Parse(string text, string name) => new(text, name);

    /// <summary>Index of a column, ignoring case; −1 when there is none of that name.</summary>
    /// <exception cref="PredictorFormatException">Two columns have the name.</exception>
    public int Column(string column) =>
        repeated.Contains(column) ? throw new PredictorFormatException($"{Name} has two columns '{column}'.")
        : columns.TryGetValue(column, out int at) ? at
        : -1;

    /// <summary>An exception that names the table and the line.</summary>
    public PredictorFormatException Fault(int line, string what) => new($"{Name}, line {line}: {what}");

    private (char Separator, int LinesBefore) FindHeader()
    {
        using var lines = new StringReader(text);
        for (int before = 0; lines.ReadLine() is { } line; before++)
        {
            if (!IsPassedOver(line))
                return (Separators.MaxBy(candidate => line.AsSpan().Count(candidate)), before);
        }
        throw new PredictorFormatException(
            $"{Name} is empty; expected a header and one line per trial. The layout is described in docs/formats.md."
        );
    }

    private static bool IsPassedOver(ReadOnlySpan<char> line) => line.Trim() is [] or ['#', ..];

    private IEnumerable<(int Line, string[] Cells)> Records()
    {
        var source = new StringReader(text);
        for (int i = 0; i < linesBefore; i++)
            source.ReadLine();
        var options = new SepReaderOptions(new Sep(Separator))
        {
            CultureInfo = CultureInfo.InvariantCulture,
            HasHeader = false,
            DisableColCountCheck = true,
        };
        using SepReader rows = Bounded(() => options.From(source));
        while (Bounded(rows.MoveNext))
        {
            SepReader.Row row = rows.Current;
            int line = linesBefore + (row.RowIndex == 0 ? 1 : row.LineNumberFrom);
            if (IsPassedOver(row.Span))
            {
                if (row.Span.IndexOfAny('\r', '\n') >= 0 && row.Span.Contains('"'))
                    throw Fault(line, "the comment holds a quote without its pair; take it out.");
                continue;
            }
            string[] cells = new string[row.ColCount];
            for (int c = 0; c < cells.Length; c++)
                cells[c] = Unquoted(row[c].Span, line, c);
            yield return (line, cells);
        }
    }

    private string Unquoted(ReadOnlySpan<char> written, int line, int column)
    {
        if (!written.Contains('"'))
            return written.ToString();
        ReadOnlySpan<char> cell = written.Trim();
        string where = column < Header?.Count ? $"column '{Header[column]}'" : $"cell {column + 1}";
        if (cell[0] != '"')
            throw Fault(line, $"{where} has a quote within a cell; quote the whole cell and double each quote in it.");
        if (cell.Count('"') % 2 == 1)
            throw Fault(line, $"{where} begins a quoted cell that is not closed before the end of the file.");
        string content = cell[1..^1].ToString();
        if (
            cell[^1] != '"'
            || content.Replace("\"\"", "", StringComparison.Ordinal).Contains('"', StringComparison.Ordinal)
        )
            throw Fault(line, $"{where} has text after the closing quote; double each quote within a quoted cell.");
        return content.Replace("\"\"", "\"", StringComparison.Ordinal);
    }

    private T Bounded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (NotSupportedException error)
        {
            throw new PredictorFormatException(
                $"{Name}: a line has more than 16,777,216 characters; is there a quote that is not closed?",
                error
            );
        }
    }
}
