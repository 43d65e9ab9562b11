using System.Text.RegularExpressions;
using Xunit;

namespace Qua2SeDiMo.Tests.Docs;

/// <summary>Sources and docs do not contain phrases that were retired because readers could not follow them.</summary>
public sealed partial class WordsTests
{
    [Fact]
    public void Sources_and_docs_have_no_retired_phrase()
    {
        string[] files =
        [
            .. new[] { "src", "docs" }
                .SelectMany(folder =>
                    Directory.EnumerateFiles(
                        Path.Combine(RepositoryFiles.Root, folder),
                        "*",
                        SearchOption.AllDirectories
                    )
                )
                .Where(path =>
                    path.EndsWith(".cs", StringComparison.Ordinal) || path.EndsWith(".md", StringComparison.Ordinal)
                )
                .Where(path => !Built().IsMatch(path)),
            Path.Combine(RepositoryFiles.Root, "README.md"),
        ];
        Assert.InRange(files.Length, 400, int.MaxValue);
        string[] found =
        [
            .. files
                .SelectMany(path =>
                    File.ReadLines(path)
                        .Select(
                            (line, i) =>
                                (Line: line, Place: $"{Path.GetRelativePath(RepositoryFiles.Root, path)}:{i + 1}")
                        )
                )
                .Where(line => Retired().IsMatch(line.Line))
                .Select(line => $"{line.Place}: {line.Line.Trim()}"),
        ];
        Assert.True(found.Length == 0, string.Join('\n', found));
    }

    [GeneratedRegex(
        @"\b(?:so many|anew|the same of|for people|somebody|nobody|everybody|keys? that stands?|told"
            + @"|stands? (?:beside|in|at|out|behind))\b",
        RegexOptions.IgnoreCase
    )]
    private static partial Regex Retired();

    [GeneratedRegex(@"[\\/](?:bin|obj)[\\/]")]
    private static partial Regex Built();
}
