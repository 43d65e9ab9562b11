using System.Globalization;
using Microsoft.Data.Sqlite;
using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Studies.Storage;

/// <summary>
/// The current row of a query on a file of untrusted content. Returns values that this program could have written and
/// throws for others, naming the column.
/// </summary>
/// <param name="reader">Reader positioned on the row.</param>
/// <param name="path">The file.</param>
/// <param name="table">Name of the row's table.</param>
internal sealed class CheckedRow(SqliteDataReader reader, string path, string table)
{
    /// <summary>Maximum length in characters of names and of texts without a limit of their own.</summary>
    internal const int NameLength = 1000;

    private const int ShownLength = 60;

    /// <summary>Name of the row in messages, for instance <c>trial 5</c>.</summary>
    internal string Place { get; set; } = "a row";

    /// <summary>An integer within bounds.</summary>
    internal long Integer(string column, long least, long most) =>
        reader.GetValue(reader.GetOrdinal(column)) is long value && value >= least && value <= most
            ? value
            : throw Impossible(
                column,
                string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}")
            );

    /// <summary>An integer within bounds; null for NULL.</summary>
    internal long? OptionalInteger(string column, long least, long most) =>
        IsNull(column) ? null : Integer(column, least, most);

    /// <summary>A finite number within bounds.</summary>
    internal double Number(string column, double least, double most) =>
        reader.GetValue(reader.GetOrdinal(column)) is double value && value >= least && value <= most
            ? value
            : throw Impossible(
                column,
                most == double.MaxValue
                    ? "a finite number"
                    : FormattableString.Invariant($"a number from {least} to {most}")
            );

    /// <summary>A text whose length is within bounds.</summary>
    internal string Text(string column, int longest = NameLength, int shortest = 1) =>
        reader.GetValue(reader.GetOrdinal(column)) is string value
        && value.Length >= shortest
        && value.Length <= longest
            ? value
            : throw Impossible(
                column,
                string.Create(CultureInfo.InvariantCulture, $"a text of {shortest} to {longest} characters")
            );

    /// <summary>A text; null for NULL.</summary>
    internal string? OptionalText(string column, int longest = NameLength) =>
        IsNull(column) ? null : Text(column, longest, shortest: 0);

    /// <summary>Name of a metric, a stage or an array: letters, digits and <c>- _ .</c>, at most 100
    /// characters.</summary>
    internal string Identifier(string column)
    {
        const int Longest = 100;
        string name = Text(column, Longest);
        return name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? name
            : throw Impossible(column, "a name of letters, digits and - _ .");
    }

    /// <summary>A time stored as Unix milliseconds; null for NULL.</summary>
    internal DateTimeOffset? Time(string column) =>
        OptionalInteger(column, 0, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()) is { } value
            ? DateTimeOffset.FromUnixTimeMilliseconds(value)
            : null;

    /// <summary>A value parsed from a text.</summary>
    /// <param name="column">The column.</param>
    /// <param name="longest">Maximum length in characters.</param>
    /// <param name="parse">Parses the text.</param>
    /// <param name="expected">Description of the expected content, for messages.</param>
    internal T Parsed<T>(string column, int longest, Func<string, T> parse, string expected)
    {
        string text = Text(column, longest);
        try
        {
            return parse(text);
        }
        catch (Exception error) when (error is FormatException or ArgumentException or Q2Exception)
        {
            // Messages about files advise to make them again, which does not apply to a value inside a database.
            string why =
                error is DamagedFileException { InnerException: { } inner } ? inner.Message
                : error is JsonFileException json ? json.Detail
                : error.Message;
            throw Impossible(column, $"{expected} ({why.TrimEnd('.')})");
        }
    }

    internal bool IsNull(string column) => reader.IsDBNull(reader.GetOrdinal(column));

    /// <summary>The exception for a value that this program never writes.</summary>
    internal StudyFileException Impossible(string column, string expected)
    {
        string found = reader.GetValue(reader.GetOrdinal(column)) switch
        {
            DBNull => "nothing",
            byte[] bytes => string.Create(CultureInfo.InvariantCulture, $"{bytes.Length} bytes"),
            string text => $"'{Printable(text.Length > ShownLength ? text[..ShownLength] + "…" : text)}'",
            IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
            var other => $"{other}",
        };
        return Contradiction($"column '{column}' holds {found}, expected {expected}");
    }

    /// <summary>Text from an untrusted file with control characters replaced, so that it can be printed to a
    /// terminal.</summary>
    internal static string Printable(string text) =>
        string.Concat(text.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));

    /// <summary>The exception for values that contradict each other.</summary>
    internal StudyFileException Contradiction(string what) => Contradiction(path, table, Place, what);

    /// <summary>The same exception for a place that is not the current row.</summary>
    internal static StudyFileException Contradiction(string path, string table, string place, string what) =>
        new(
            $"{path}: table '{table}', {place}: {what}. The file was changed by another program or is damaged. "
                + $"{StudyFileException.MakeAgain}"
        );
}
