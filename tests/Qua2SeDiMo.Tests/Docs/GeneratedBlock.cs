using Xunit;

namespace Qua2SeDiMo.Tests.Docs;

/// <summary>
/// A part of a page that is generated from committed result files, between <c>&lt;!-- NAME: … --&gt;</c> and <c>&lt;!--
/// /NAME --&gt;</c>. `./build.sh docs` regenerates it; tests compare it.
/// </summary>
internal static class GeneratedBlock
{
    private const string RefreshVariable = "Q2_REFRESH_DOCS";

    /// <summary>Whether to write generated files instead of comparing them.</summary>
    internal static bool IsRefreshing => Environment.GetEnvironmentVariable(RefreshVariable) == "1";

    internal static void Check(string page, string name, string expected)
    {
        string path = Path.Combine(RepositoryFiles.Root, page),
            text = File.ReadAllText(path);
        int mark = text.IndexOf($"<!-- {name}:", StringComparison.Ordinal);
        int begin = mark < 0 ? -1 : text.IndexOf("-->", mark, StringComparison.Ordinal) + "-->".Length,
            end = text.IndexOf($"<!-- /{name} -->", StringComparison.Ordinal);
        Assert.True(mark >= 0 && end > begin, $"{page} has lost the marks of '{name}'.");
        string block = "\n" + expected.ReplaceLineEndings("\n").Trim('\n') + "\n\n";
        if (IsRefreshing)
            File.WriteAllText(path, text[..begin] + block + text[end..]);
        else
            Assert.Equal(block, text[begin..end]);
    }
}
