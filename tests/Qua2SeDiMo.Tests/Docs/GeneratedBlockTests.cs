using System.Text.RegularExpressions;
using Xunit;

namespace Qua2SeDiMo.Tests.Docs;

/// <summary>Every generated part of a page has content and a test that compares it with the committed results.</summary>
public sealed partial class GeneratedBlockTests
{
    [Fact]
    public void Generated_parts_are_not_empty_and_the_tests_that_check_them_exist()
    {
        string root = RepositoryFiles.Root;
        HashSet<string> tests = [.. typeof(GeneratedBlockTests).Assembly.GetTypes().Select(type => type.Name)];
        var faults = new List<string>();
        int found = 0;
        foreach (
            string page in Directory
                .EnumerateFiles(Path.Combine(root, "docs"), "*.md", SearchOption.AllDirectories)
                .Append(Path.Combine(root, "README.md"))
        )
        {
            string text = File.ReadAllText(page);
            foreach (Match mark in Mark().Matches(text))
            {
                found++;
                string name = mark.Groups["name"].Value,
                    test = mark.Groups["test"].Value;
                int end = text.IndexOf($"<!-- /{name} -->", mark.Index, StringComparison.Ordinal);
                if (end < 0 || text[(mark.Index + mark.Length)..end].Trim().Length == 0)
                    faults.Add($"{page}: '{name}' is empty or has no end.");
                if (!tests.Contains(test))
                    faults.Add($"{page}: '{name}' is said to be checked by {test}, which is not there.");
            }
        }
        Assert.Empty(faults);
        Assert.InRange(found, 15, int.MaxValue);
    }

    [GeneratedRegex(@"<!-- (?<name>[\w-]+): [^>]*?(?:checked )?by (?<test>\w+) -->")]
    private static partial Regex Mark();
}
