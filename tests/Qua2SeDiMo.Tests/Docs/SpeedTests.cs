using System.Globalization;
using System.Text;
using System.Text.Json;
using MathNet.Numerics.Statistics;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Models;
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
        GeneratedBlock.Check(
            Page,
            "products",
            Table(
                rows.Where(row => Text(row, "operation").StartsWith("matmul", StringComparison.Ordinal)),
                "C × K",
                "tokens",
                [
                    ("fp32", "fp32"),
                    ("NBits, level 0", "nbits_0"),
                    ("NBits, level 4", "nbits_4"),
                    ("int8", "int8"),
                    ("W4", "q2_w4"),
                    ("W3", "q2_w3"),
                    ("W4A8", "q2_w4a8"),
                    ("W3A8", "q2_w3a8"),
                ]
            )
        );
        GeneratedBlock.Check(
            Page,
            "convolutions",
            Table(
                rows.Where(row => Text(row, "operation").StartsWith("conv", StringComparison.Ordinal)),
                "channels, size",
                "positions",
                [
                    ("fp32", "fp32"),
                    ("int8", "int8"),
                    ("W4", "q2_w4"),
                    ("W3", "q2_w3"),
                    ("W4A8", "q2_w4a8"),
                    ("W3A8", "q2_w3a8"),
                ]
            )
        );
    }

    [Fact]
    public void The_comparison_of_kernels_in_turns_is_that_of_the_committed_results()
    {
        List<JsonElement> rows = Rows("matmul-turns.json", "amd-epyc-avx2-2-cores");
        var text = new StringBuilder();
        text.AppendLine("| kind | rows | median ratio | a tenth below | a tenth above | two loads of one build |")
            .AppendLine("| --- | ---: | ---: | ---: | ---: | ---: |");
        foreach (
            (string kind, string label) in new[]
            {
                ("q2_w4", "W4"),
                ("q2_w3", "W3"),
                ("q2_w4a8", "W4A8"),
                ("q2_w3a8", "W3A8"),
            }
        )
        {
            foreach ((string begin, string what) in new[] { ("matmul", "products"), ("conv", "convolutions") })
            {
                JsonElement[] own =
                [
                    .. rows.Where(row =>
                        Text(row, "kind") == kind && Text(row, "operation").StartsWith(begin, StringComparison.Ordinal)
                    ),
                ];
                double[] ratios = [.. own.Select(row => row.GetProperty("ratio").GetDouble())],
                    control = [.. own.Select(row => row.GetProperty("control").GetDouble())];
                text.AppendLine(
                    $"| {label}, {what} | {own.Length} | {ratios.Median():0.000} | {ratios.Quantile(0.1):0.000} | "
                        + $"{ratios.Quantile(0.9):0.000} | {control.Median():0.000} |"
                );
            }
        }
        List<JsonElement> oneToken = Rows("matmul-turns-one-token.json", "amd-epyc-avx2-2-cores");
        text.AppendLine()
            .AppendLine("| one token, six processes | lowest median of a process | mean of medians | highest |")
            .AppendLine("| --- | ---: | ---: | ---: |");
        foreach (var kind in oneToken.GroupBy(row => Text(row, "kind")))
        {
            double[] medians =
            [
                .. kind.GroupBy(row => row.GetProperty("process").GetInt32())
                    .Select(process => process.Select(row => row.GetProperty("ratio").GetDouble()).Median()),
            ];
            text.AppendLine(
                $"| {kind.Key["q2_".Length..].ToUpperInvariant()} | {medians.Min():0.000} | {medians.Average():0.000} | "
                    + $"{medians.Max():0.000} |"
            );
        }
        GeneratedBlock.Check("docs/decisions/0012-kernels-assembly.md", "turns", text.ToString());
    }

    [Fact]
    public void The_tables_of_banks_are_those_of_the_committed_results()
    {
        var text = new StringBuilder("| what | wall, ms | processor, ms |\n| --- | ---: | ---: |\n");
        foreach (JsonElement row in Rows("quantizers.json"))
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {Text(row, "name")} | {row.GetProperty("median_milliseconds").GetDouble():0.0} | "
                    + $"{row.GetProperty("processor_milliseconds").GetDouble():0.0} |"
            );
        }
        GeneratedBlock.Check(Page, "quantizers", text.ToString());
        text = new StringBuilder(
            "| model | values, millions | wall, s | processor, s | largest memory, MiB | bank, MiB |\n| --- | "
                + "---: | ---: | ---: | ---: | ---: |\n"
        );
        foreach (JsonElement row in new[] { "bank-pixart.json", "bank-sdxl.json" }.SelectMany(file => Rows(file)))
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {Text(row, "model")} | {row.GetProperty("values").GetDouble() / 1e6:#,0} | "
                    + $"{row.GetProperty("wall_seconds").GetDouble():0} | "
                    + $"{row.GetProperty("processor_seconds").GetDouble():0} | "
                    + $"{row.GetProperty("peak_mebibytes").GetDouble():#,0} | "
                    + $"{row.GetProperty("bank_mebibytes").GetDouble():#,0} |"
            );
        }
        GeneratedBlock.Check(Page, "banks", text.ToString());
    }

    [Fact]
    public void The_table_of_weights_in_memory_follows_from_the_layout()
    {
        QuantizerSpec[] specs = [.. QuantizerSpec.PaperOptions.OrderByDescending(spec => spec.Bits)];
        var text = new StringBuilder(
            $"| model | {string.Join(" | ", specs.Select(spec => $"{spec}"))} |\n| --- | "
                + $"{string.Join(" | ", specs.Select(_ => "---:"))} |\n"
        );
        foreach (
            (string model, ElementType original) in new[]
            {
                ("pixart-alpha-xl-2-512", ElementType.Float16),
                ("hunyuan-dit-v1.0", ElementType.Float16),
                ("sdv15-unet", ElementType.Float16),
                ("sdv15-unet", ElementType.Float32),
                ("sdxl-base-unet", ElementType.Float16),
            }
        )
        {
            long[][] shapes =
            [
                .. RandomModelSpec
                    .Read(Path.Combine(RepositoryFiles.Root, "tests", "golden", "real-models", model + ".json"))
                    .Tensors.Where(tensor =>
                        tensor.Kind is "Linear" or "Conv2d"
                        && tensor.Info.Name.EndsWith(".weight", StringComparison.Ordinal)
                    )
                    .Select(tensor => tensor.Info.Shape.ToArray()),
            ];
            double[] shares =
            [
                .. specs.Select(spec =>
                    shapes.Sum(shape =>
                        (double)
                            new PaletteLayout(
                                spec,
                                original,
                                (int)shape[0],
                                (int)shape.Skip(1).Aggregate((a, b) => a * b)
                            ).TotalBytes
                    ) / shapes.Sum(shape => 2.0 * shape.Aggregate((a, b) => a * b))
                ),
            ];
            Assert.All(specs.Zip(shares), pair => Assert.InRange(pair.Second, 0, pair.First.Bits == 4 ? 0.30 : 0.24));
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {model}{(original == ElementType.Float32 ? ", from float32" : "")} | "
                    + $"{string.Join(" | ", shares.Select(share => share.ToString("0.000", CultureInfo.InvariantCulture)))} "
                    + $"|"
            );
        }
        GeneratedBlock.Check(Page, "resident", text.ToString());
    }

    [Fact]
    public void The_table_of_models_is_that_of_the_committed_results()
    {
        var text = new StringBuilder(
            "| model | weights | images per minute | largest memory, MiB |\n| --- | --- | ---: | ---: |\n"
        );
        foreach (JsonElement row in Rows("end-to-end.json"))
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {Text(row, "model")} | {Text(row, "configuration")} | "
                    + $"{row.GetProperty("images_per_minute").GetDouble():0.0} | "
                    + $"{row.GetProperty("peak_mebibytes").GetDouble():#,0} |"
            );
        }
        GeneratedBlock.Check(Page, "models", text.ToString());
    }

    private static string Table(
        IEnumerable<JsonElement> rows,
        string what,
        string count,
        (string Title, string Name)[] contenders
    )
    {
        var text = new StringBuilder();
        text.AppendLine(
            $"| {what} | {count} | {string.Join(" | ", contenders.Select(contender => contender.Title))} |"
        );
        text.AppendLine($"| --- | ---: | {string.Join(" | ", contenders.Select(_ => "---:"))} |");
        foreach (JsonElement row in rows)
        {
            JsonElement times = row.GetProperty("milliseconds");
            double single = times.GetProperty("fp32").GetDouble();
            string name = Text(row, "operation");
            string[] cells =
            [
                name[(name.IndexOf(' ', StringComparison.Ordinal) + 1)..],
                $"{row.GetProperty("tokens").GetInt32()}",
                .. contenders.Select(contender =>
                    Cell(contender.Name, times.GetProperty(contender.Name).GetDouble(), single)
                ),
            ];
            text.AppendLine($"| {string.Join(" | ", cells)} |");
        }
        return text.ToString();
    }

    // Time, and the speedup over single precision in parentheses.
    private static string Cell(string name, double time, double single) =>
        name == "fp32"
            ? Milliseconds(time)
            : $"{Milliseconds(time)} ({(single / time).ToString("0.00", CultureInfo.InvariantCulture)})";

    private static string Milliseconds(double time) =>
        time.ToString(
            time < 1 ? "0.000"
                : time < 100 ? "0.0"
                : "0",
            CultureInfo.InvariantCulture
        );

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;

    private static List<JsonElement> Rows(string file, string folder = "amd-epyc-2-cores") =>
        [
            .. JsonDocument
                .Parse(File.ReadAllBytes(Path.Combine(RepositoryFiles.Root, "benchmarks", "results", folder, file)))
                .RootElement.GetProperty("rows")
                .EnumerateArray(),
        ];
}
