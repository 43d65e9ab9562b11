using System.Text;
using Qua2SeDiMo.Json;
using Xunit;

namespace Qua2SeDiMo.Tests.Json;

/// <summary>The reader of this project's files: anything else than what the writer produces is reported as damage, with
/// the verb that recreates the file.</summary>
public sealed class OwnJsonTests
{
    private enum Colour
    {
        Red,
        DarkBlue,
    }

    private sealed record Item(string Name, double Value);

    private sealed record Page(
        string Title,
        Colour Colour,
        IReadOnlyList<Item> Items,
        IReadOnlyDictionary<string, Item>? Extra = null
    );

    [Fact]
    public void What_was_written_is_read()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("q2-own").FullName, "page.json");
        OwnJson.Write(path, new Page("a", Colour.DarkBlue, [new Item("x", double.NaN)]));
        Page page = OwnJson.Read<Page>(path, Remedy.Report);
        Assert.Equal(("a", Colour.DarkBlue, double.NaN), (page.Title, page.Colour, page.Items[0].Value));
        Assert.StartsWith("{\n  \"version\": 1,", File.ReadAllText(path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"colour": "red", "items": []}""")]
    [InlineData("""{"title": null, "colour": "red", "items": []}""")]
    [InlineData("""{"title": "a", "colour": "green", "items": []}""")]
    [InlineData("""{"title": "a", "colour": 7, "items": []}""")]
    [InlineData("""{"title": "a", "colour": "red", "items": [null]}""")]
    [InlineData("""{"title": "a", "colour": "red", "items": [{"name": "x", "value": "much"}]}""")]
    [InlineData("""{"title": "a", "title": "b", "colour": "red", "items": []}""")]
    [InlineData("""{"title": "a", "colour": "red", "items": [{"name": "x", "value": 1, "value": 2}]}""")]
    [InlineData("""{"title": "a", "colour": "red", "items": [], "extra": {"k": null}}""")]
    [InlineData("""{"title": "\ud800", "colour": "red", "items": []}""")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("{")]
    public void Anything_else_is_damage_that_names_the_file_and_what_makes_it(string json)
    {
        DamagedFileException error = Assert.Throws<DamagedFileException>(() =>
            OwnJson.Parse<Page>(Encoding.UTF8.GetBytes(json), "page.json", Remedy.Report)
        );
        Assert.StartsWith("page.json: damaged (", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("make it again.", error.Message, StringComparison.Ordinal);
        Assert.Equal(Remedy.Report, error.Remedy);
    }

    [Fact]
    public void A_newer_version_is_said() =>
        Assert.Contains(
            "version 2",
            Assert
                .Throws<DamagedFileException>(() =>
                    OwnJson.Parse<Page>(
                        """{"version": 2, "title": "a", "colour": "red", "items": []}"""u8.ToArray(),
                        "page.json",
                        Remedy.Report
                    )
                )
                .Message,
            StringComparison.Ordinal
        );
}
