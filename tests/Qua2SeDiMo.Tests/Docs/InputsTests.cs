using System.Text;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Known;
using Xunit;

namespace Qua2SeDiMo.Tests.Docs;

/// <summary>docs/inputs.md is generated from the tables that decide what is read; `./build.sh docs` regenerates
/// it.</summary>
public sealed class InputsTests
{
    private const string Page = "docs/inputs.md";

    [Fact]
    public void The_files_are_those_of_the_tables()
    {
        StringBuilder text = Table("component", "read", "ignored", "refused");
        string ignored = string.Join("; ", KnownFiles.OfComponent.Select(known => $"{known.Words} ({known.Why})"));
        foreach (
            ComponentRole role in Enum.GetValues<ComponentRole>().Where(role => role != ComponentRole.ImageProcessor)
        )
        {
            string weights =
                role == ComponentRole.Network
                    ? "; weights: `diffusion_pytorch_model` or `model` `.safetensors`, its index, one variant, "
                        + $"`{ComponentFiles.ProgramName}`, or `{ComponentFiles.ManifestName}`"
                    : "";
            Row(
                text,
                $"{role}",
                Code(role.Settings().Where(name => !name.EndsWith(".gz", StringComparison.Ordinal))) + weights,
                ignored,
                role == ComponentRole.Network ? $"`{KnownFiles.AdapterConfig}`" : ""
            );
        }
        text.AppendLine()
            .AppendLine(
                $"Named although they lie outside of the components: {KnownFiles.LooseAdapters.Words}, {KnownFiles.LooseAdapters.Why}."
            );
        GeneratedBlock.Check(Page, "files", text.ToString());
    }

    [Fact]
    public void The_keys_of_the_index_are_those_of_the_tables()
    {
        StringBuilder text = Table("pipeline class", "read", "ignored");
        foreach (KnownKeys table in PipelineKeys.All)
            Row(text, Code(table.ClassNames), Code(table.ReadKeys), Ignored(table.Ignored));
        GeneratedBlock.Check(Page, "index", text.ToString());
    }

    [Fact]
    public void The_keys_of_networks_are_those_of_the_tables()
    {
        StringBuilder text = Table("class", "read", "ignored", "refused unless");
        foreach (KnownKeys table in DenoiserKeys.All.Concat(AutoencoderKeys.All).Concat(EncoderKeys.All))
        {
            Row(
                text,
                Code(table.ClassNames),
                Code(table.ReadKeys),
                Ignored(table.Ignored),
                string.Join(
                    "; ",
                    table.Limited.Select(key =>
                        $"`{key.Name}` {string.Join(" or ", key.Values.Select(value => $"`{value}`"))}"
                    )
                )
            );
        }
        text.AppendLine()
            .AppendLine($"Ignored in any file: {Ignored(KnownConfigs.Anywhere)}.")
            .AppendLine()
            .AppendLine($"Ignored in files of transformers: {Ignored(EncoderKeys.Anywhere)}.")
            .AppendLine()
            .AppendLine(
                $"Refused in any file, unless empty or of 8-bit floats whose scales are applied: {Code(KnownTensors.QuantizationKeys)}."
            );
        GeneratedBlock.Check(Page, "networks", text.ToString());
    }

    [Fact]
    public void The_keys_of_schedulers_are_those_of_the_tables()
    {
        StringBuilder text = Table("class", "read, with the class's default", "ignored");
        foreach (KnownKeys table in SchedulerKeys.All)
        {
            IEnumerable<string> read = table
                .ReadKeys.Select(key => table.Default(key) is { } value ? $"{key}={value.ToJsonString()}" : key)
                .Concat(table.Limited.Select(limited => $"{limited.Name}={limited.Values[0]} only"));
            Row(text, Code(table.ClassNames), Code(read), Ignored(table.Ignored));
        }
        GeneratedBlock.Check(Page, "schedulers", text.ToString());
    }

    [Fact]
    public void The_tensors_are_those_of_the_tables()
    {
        StringBuilder text = Table("tensors", "what becomes of them");
        foreach (TensorMark mark in KnownTensors.Marks)
            Row(
                text,
                Pattern(mark.Pattern),
                $"refused{(mark.OnlyUnread ? " where nothing reads them" : "")}: {mark.Finding}"
            );
        Row(
            text,
            Pattern(KnownTensors.Scales.Pattern),
            $"applied to 8-bit floats; refused beside anything else: {KnownTensors.Scales.Finding}"
        );
        foreach (HarmlessTensors known in KnownTensors.Harmless)
            Row(
                text,
                Pattern(known.Pattern),
                $"ignored{(known.ClassNames.Count == 0 ? "" : $" in {Code(known.ClassNames)}")}: {known.Why}"
            );
        GeneratedBlock.Check(Page, "tensors", text.ToString());
    }

    [Fact]
    public void The_corrections_are_those_of_the_tables()
    {
        StringBuilder text = Table("pipeline class", "component", "key", "becomes", "when");
        foreach (ConfigCorrection one in ConfigCorrection.All)
            Row(text, $"`{one.PipelineClass}`", one.Component, $"`{one.Key}`", $"`{one.Value}`", one.When);
        GeneratedBlock.Check(Page, "corrections", text.ToString());
    }

    private static StringBuilder Table(params string[] columns) =>
        Row(Row(new StringBuilder(), columns), [.. columns.Select(_ => "---")]);

    private static StringBuilder Row(StringBuilder text, params string[] cells) =>
        text.AppendLine($"| {string.Join(" | ", cells)} |");

    private static string Code(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"`{name}`"));

    private static string Pattern(string pattern) => $"`{pattern.Replace("|", "\\|", StringComparison.Ordinal)}`";

    private static string Ignored(IEnumerable<IgnoredKeys> groups) =>
        string.Join("; ", groups.Select(group => $"{Code(group.Names)} ({group.Why})"));
}
