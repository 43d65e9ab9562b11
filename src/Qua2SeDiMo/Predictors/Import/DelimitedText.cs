using System.Text;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Import;

/// <summary>
/// A table as spreadsheets and scripts write it: commas, semicolons or tabs, any line ends, quoted cells that may hold
/// all of these, a byte-order mark, lines of comment. What it refuses it names by line.
/// </summary>
internal sealed class DelimitedText
{
    private static readonly char[] Separators = [',', ';', '\t'];

    private DelimitedText(
        char separator,
        IReadOnlyList<string> header,
        IReadOnlyList<(int Line, string[] Cells)> rows
    ) => (Separator, Header, Rows) = (separator, header, rows);

    /// <summary>The one of comma, semicolon and tab that the header has most of.</summary>
    public char Separator { get; }

    /// <summary>Names of the columns, trimmed.</summary>
    public IReadOnlyList<string> Header { get; }

    /// <summary>Cells of each further line with the number of the line it begins on, from 1; as many as the header
    /// has.</summary>
    public IReadOnlyList<(int Line, string[] Cells)> Rows { get; }

    /// <summary>Reads a table.</summary>
    /// <param name="text">All of the file.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="maximumRows">More lines than that are refused.</param>
    /// <exception cref="PredictorFormatException">It is empty, a quote is not closed, or a line has another number of
    /// cells than the header.</exception>
    public static DelimitedText Parse(string text, string name, int maximumRows)
    {
        string body = text.TrimStart('\uFEFF');
        int firstLine = HeaderStart(body, out int start);
        if (start == body.Length)
            throw new PredictorFormatException(
                $"{name} is empty; expected a header and one line per trial. The layout is described in docs/formats.md."
            );
        int headerEnd = body.AsSpan(start).IndexOfAny('\r', '\n') is >= 0 and int at ? start + at : body.Length;
        char separator = Separators.MaxBy(candidate => body.AsSpan(start, headerEnd - start).Count(candidate));
        string[]? header = null;
        var rows = new List<(int, string[])>();
        foreach ((int line, List<string> cells) in Records(body, start, firstLine, separator, name))
        {
            if (header is null)
            {
                header = [.. cells.Select(cell => cell.Trim())];
                continue;
            }
            // Spreadsheets leave lines of separators at the end.
            if (cells.TrueForAll(string.IsNullOrWhiteSpace))
                continue;
            if (cells.Count != header.Length)
            {
                throw new PredictorFormatException(
                    $"{name}, line {line}: {cells.Count} cells; the header has {header.Length} "
                        + $"({string.Join(", ", header.Take(8))}{(header.Length > 8 ? ", …" : "")})."
                );
            }
            if (rows.Count == maximumRows)
                throw new PredictorFormatException(
                    $"{name}: more than {maximumRows:#,0} trials; this many are not supported."
                );
            rows.Add((line, [.. cells]));
        }
        return new DelimitedText(separator, header!, rows);
    }

    private static int HeaderStart(string body, out int start)
    {
        int line = 1;
        start = 0;
        while (start < body.Length)
        {
            int end = body.AsSpan(start).IndexOf('\n') is >= 0 and int at ? start + at : body.Length;
            ReadOnlySpan<char> content = body.AsSpan(start, end - start).Trim();
            if (content.Length > 0 && content[0] != '#')
                return line;
            start = Math.Min(body.Length, end + 1);
            line++;
        }
        return line;
    }

    private static IEnumerable<(int Line, List<string> Cells)> Records(
        string text,
        int start,
        int firstLine,
        char separator,
        string name
    )
    {
        var cell = new StringBuilder();
        var cells = new List<string>();
        int line = firstLine,
            recordLine = firstLine,
            quoteLine = 0;
        bool quoted = false,
            wasQuoted = false;
        for (int i = start; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '\n' || (c == '\r' && (i + 1 == text.Length || text[i + 1] != '\n')))
                line++;
            if (quoted)
            {
                if (c != '"')
                    cell.Append(c);
                else if (i + 1 < text.Length && text[i + 1] == '"')
                    cell.Append(text[i++]);
                else
                    quoted = false;
            }
            else if (c == '"' && !wasQuoted && cell.ToString().AsSpan().Trim().Length == 0)
            {
                cell.Clear();
                (quoted, wasQuoted, quoteLine) = (true, true, line);
            }
            else if (c == separator)
                Close();
            else if (c is '\r' or '\n')
            {
                if (cells.Count > 0 || cell.Length > 0 || wasQuoted)
                {
                    Close();
                    if (!cells[0].StartsWith('#'))
                        yield return (recordLine, cells);
                    cells = [];
                }
                recordLine = line;
            }
            else
                cell.Append(c);
        }
        if (quoted)
            throw new PredictorFormatException(
                $"{name}, line {quoteLine}: a quoted cell is not closed before the end of the file."
            );
        if (cells.Count == 0 && cell.Length == 0 && !wasQuoted)
            yield break;
        Close();
        if (!cells[0].StartsWith('#'))
            yield return (recordLine, cells);

        void Close()
        {
            cells.Add(cell.ToString());
            cell.Clear();
            wasQuoted = false;
        }
    }
}
