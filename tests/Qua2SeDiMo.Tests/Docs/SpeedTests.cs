using System.Globalization;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Qua2SeDiMo.Tests.Docs;

/// <summary>The tables of docs/speed.md come from benchmarks/results/amd-epyc-2-cores.</summary>
public sealed class SpeedTests
{
    private const string Page = "docs/speed.md";

    [Fact]
    public void The_tables_of_products_are_those_of_the_committed_results()
    {
        List<JsonElement> rows = Rows("matmul.json");
        GeneratedBlock.Check(Page, "products", Table(rows.Where(row => Text(row, "operation").StartsWith("matmul", StringComparison.Ordinal)), "C × K", "tokens",
            [("fp32", "fp32"), ("NBits, level 0", "nbits_0"), ("NBits, level 4", "nbits_4"), ("int8", "int8"), ("W4", "q2_w4"), ("W3", "q2_w3"), ("W4A8", "q2_w4a8"), ("W3A8", "q2_w3a8")]));
        GeneratedBlock.Check(Page, "convolutions", Table(rows.Where(row => Text(row, "operation").StartsWith("conv", StringComparison.Ordinal)), "channels, size", "positions",
            [("fp32", "fp32"), ("int8", "int8"), ("W4", "q2_w4"), ("W3", "q2_w3"), ("W4A8", "q2_w4a8")]));
    }

    [Fact]
    public void The_table_of_models_is_that_of_the_committed_results()
    {
        var text = new StringBuilder("| model | weights | images per minute | largest memory, MiB |\n| --- | --- | ---: | ---: |\n");
        foreach (JsonElement row in Rows("end-to-end.json"))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {Text(row, "model")} | {Text(row, "configuration")} | {row.GetProperty("images_per_minute").GetDouble():0.0} | {row.GetProperty("peak_mebibytes").GetDouble():#,0} |");
        }
        GeneratedBlock.Check(Page, "models", text.ToString());
    }

    private static string Table(IEnumerable<JsonElement> rows, string what, string count, (string Title, string Name)[] contenders)
    {
        var text = new StringBuilder();
        text.AppendLine($"| {what} | {count} | {string.Join(" | ", contenders.Select(contender => contender.Title))} |");
        text.AppendLine($"| --- | ---: | {string.Join(" | ", contenders.Select(_ => "---:"))} |");
        foreach (JsonElement row in rows)
        {
            JsonElement times = row.GetProperty("milliseconds");
            double single = times.GetProperty("fp32").GetDouble();
            string name = Text(row, "operation");
            text.AppendLine($"| {name[(name.IndexOf(' ', StringComparison.Ordinal) + 1)..]} | {row.GetProperty("tokens").GetInt32()} | {string.Join(" | ", contenders.Select(contender =>
                times.GetProperty(contender.Name).GetDouble() is var time && contender.Name == "fp32" ? Milliseconds(time) : $"{Milliseconds(time)} ({(single / time).ToString("0.00", CultureInfo.InvariantCulture)})"))} |");
        }
        return text.ToString();
    }

    private static string Milliseconds(double time) => time.ToString(time < 1 ? "0.000" : time < 100 ? "0.0" : "0", CultureInfo.InvariantCulture);

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;

    private static List<JsonElement> Rows(string file) => [.. JsonDocument.Parse(File.ReadAllBytes(
        Path.Combine(RepositoryFiles.Root, "benchmarks", "results", "amd-epyc-2-cores", file))).RootElement.GetProperty("rows").EnumerateArray()];
}
