using System.Text;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests.Json;

/// <summary>The reader of JSON from other programs: accepts what Python accepts; errors are typed and state the
/// location.</summary>
public sealed class ForeignJsonTests
{
    [Theory]
    [InlineData("""{"a": 1, "b": 2, "a": 3}""", "a", 3)]
    [InlineData("""{"a": {"x": 1}, "b": {"a": 5, "a": 6}, "a": {"a": 7, "a": 8}}""", "a.a", 8)]
    [InlineData("""{"a": [{"n": 1, "n": 2}]}""", "a.0.n", 2)]
    public void Of_a_key_that_stands_twice_the_last_counts_at_any_depth(string json, string path, int expected)
    {
        var notes = new Notes();
        ForeignValue value = path.Split('.')
            .Aggregate(
                Parse(json, notes),
                (at, step) => int.TryParse(step, out int index) ? at.Items[index] : at[step]
            );
        Assert.Equal(expected, value.Int());
        Assert.Contains("more than once; the last one counts", Assert.Single(notes.All), StringComparison.Ordinal);
        Assert.StartsWith("config.json: ", notes.All[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_stands_twice_is_named_with_its_place()
    {
        var notes = new Notes();
        Parse("""{"a": {"x": 1}, "list": [0, {"k": 1, "k": 2}]}""", notes);
        Assert.Contains("'list[1].k'", Assert.Single(notes.All), StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_value_stands_in_the_first_place_as_in_Python() =>
        Assert.Equal(["a", "b"], Parse("""{"a": 1, "b": 2, "a": 3}""").Members.Select(pair => pair.Key));

    [Theory]
    [InlineData("""{"a": "\ud800"}""", "a")]
    [InlineData("""{"a": [0, "\udc00 x"]}""", "a[1]")]
    [InlineData("""{"a": {"\ud800": 1}}""", "a")]
    public void Half_a_surrogate_pair_is_an_error_with_its_place(string json, string place)
    {
        string message = Assert.Throws<JsonFileException>(() => Parse(json)).Message;
        Assert.StartsWith($"config.json: {place}: ", message, StringComparison.Ordinal);
        Assert.Contains("not Unicode", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_an_error() =>
        Assert.Throws<JsonFileException>(() =>
            ForeignJson.Parse(
                "{\"a\": \"x"u8.ToArray().Concat(new byte[] { 0xff, 0xfe }).Concat("\"}"u8.ToArray()).ToArray(),
                "config.json"
            )
        );

    [Theory]
    [InlineData("2", 2)]
    [InlineData("2.0", 2)]
    [InlineData("-3e0", -3)]
    [InlineData("2147483647", int.MaxValue)]
    public void Whole_numbers_are_integers(string number, int expected) =>
        Assert.Equal(expected, Parse($$"""{"n": {{number}}}""")["n"].Int());

    [Theory]
    [InlineData("2.5")]
    [InlineData("2147483648")]
    [InlineData("1e300")]
    [InlineData("99999999999999999999999999")]
    [InlineData("NaN")]
    [InlineData("-Infinity")]
    [InlineData("\"2\"")]
    [InlineData("true")]
    [InlineData("null")]
    [InlineData("[2]")]
    public void Everything_else_is_none_and_the_error_says_where(string value)
    {
        string message = Assert
            .Throws<JsonFileException>(() => Parse($$"""{"list": [1, {"n": {{value}}}]}""")["list"].Items[1]["n"].Int())
            .Message;
        Assert.StartsWith("config.json: list[1].n: found ", message, StringComparison.Ordinal);
        Assert.EndsWith(", expected an integer.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_member_that_is_not_there_is_said_to_be_missing() =>
        Assert.Equal(
            "config.json: a.b: missing; expected text.",
            Assert.Throws<JsonFileException>(() => Parse("""{"a": {}}""")["a"]["b"].Text()).Message
        );

    [Theory]
    [InlineData("Infinity", double.PositiveInfinity)]
    [InlineData("-Infinity", double.NegativeInfinity)]
    [InlineData("NaN", double.NaN)]
    [InlineData("1e999", double.PositiveInfinity)]
    public void Numbers_that_Python_writes_are_read(string text, double expected)
    {
        ForeignValue value = Parse($$"""{"s": "Infinity \" NaN", "n": [{{text}}], "m": 2}""");
        Assert.Equal(expected, value["n"].Items[0].Number());
        Assert.Equal("Infinity \" NaN", value["s"].Text());
        Assert.Equal(2, value["m"].Int());
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    [InlineData("{")]
    [InlineData("{\"a\": Infinit}")]
    [InlineData("{\"a\": 1,}")]
    [InlineData("{'a': 1}")]
    [InlineData("<!DOCTYPE html>")]
    public void What_is_no_JSON_is_an_error(string text) => Assert.Throws<JsonFileException>(() => Parse(text));

    [Fact]
    public void Depth_is_limited() =>
        Assert.Throws<JsonFileException>(() => Parse(new string('[', 5000) + new string(']', 5000)));

    [Fact]
    public void People_may_write_comments_where_it_is_said() =>
        Assert.Equal(1, ForeignJson.Parse("{/* one */ \"a\": 1,}"u8.ToArray(), "dag.json", byHand: true)["a"].Int());

    [Fact]
    public void A_long_value_is_cut_in_messages()
    {
        string message = Assert
            .Throws<JsonFileException>(() =>
                Parse($$"""{"a": [{{string.Join(",", Enumerable.Repeat($"\"{new string('x', 90)}\"", 1000))}}]}""")["a"]
                    .Int()
            )
            .Message;
        Assert.True(message.Length < 300, message);
    }

    [Fact]
    public void A_file_behind_a_link_is_read_and_a_folder_is_refused()
    {
        string folder = Directory.CreateTempSubdirectory("q2-json").FullName;
        string file = Path.Combine(folder, "a.json"),
            link = Path.Combine(folder, "link.json");
        using (var stream = new FileStream(file, FileMode.CreateNew))
            stream.Write("{\"a\": 1}"u8);
        File.CreateSymbolicLink(link, file);
        Assert.Equal(1, ForeignJson.Read(link)["a"].Int());
        Assert.Contains(
            "a folder",
            Assert.Throws<InputFileException>(() => ForeignJson.Read(folder)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no such file",
            Assert.Throws<InputFileException>(() => ForeignJson.Read(file + "x")).Message,
            StringComparison.Ordinal
        );
        Directory.Delete(folder, recursive: true);
    }

    private static ForeignValue Parse(string json, Notes? notes = null) =>
        ForeignJson.Parse(Encoding.UTF8.GetBytes(json), "config.json", notes);
}
