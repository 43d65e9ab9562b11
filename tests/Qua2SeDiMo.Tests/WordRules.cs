using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Qua2SeDiMo.Tests;

/// <summary>Messages of the library do not depend on a program: they name a <see cref="Remedy"/>, for which the program
/// names its command. The clock is passed as an argument, too.</summary>
public sealed class WordRules
{
    // Files that may use the system clock: for a model that is opened without a clock, and for readers, which do not
    // depend on time.
    private static readonly string[] ClockFiles = ["OpenModel.cs", "RunStudy.cs"];

    [Fact]
    public void No_text_of_the_library_names_a_verb_of_the_program()
    {
        string[] verbs =
        [
            .. Directory
                .EnumerateFiles(In("src", "Qua2SeDiMo.Cli", "Commands"), "*Command.cs")
                .Select(file =>
                    Path.GetFileName(file).Replace("Command.cs", "", StringComparison.Ordinal).ToLowerInvariant()
                ),
        ];
        Assert.Contains("bank", verbs);
        Assert.True(verbs.Length >= 14);
        var named = new Regex($@"\bq2 (?:{string.Join('|', verbs)})\b");

        var faults = new List<string>();
        int texts = 0;
        foreach (string file in Library())
        {
            SyntaxNode root = CSharpSyntaxTree.ParseText(File.ReadAllText(file)).GetRoot();
            foreach (SyntaxToken token in root.DescendantTokens().Where(IsText))
            {
                texts++;
                if (named.IsMatch(token.Text))
                    faults.Add($"{file}: {token.Text}");
            }
        }
        Assert.True(texts > 1000);
        Assert.Empty(faults);
    }

    [Fact]
    public void The_clock_is_an_argument() =>
        Assert.Equal(
            ClockFiles,
            Library()
                .Where(file => File.ReadAllText(file).Contains("TimeProvider.System", StringComparison.Ordinal))
                .Select(file => Path.GetFileName(file)!)
                .Order(StringComparer.Ordinal)
        );

    private static bool IsText(SyntaxToken token) =>
        token.Kind()
            is SyntaxKind.StringLiteralToken
                or SyntaxKind.InterpolatedStringTextToken
                or SyntaxKind.SingleLineRawStringLiteralToken
                or SyntaxKind.MultiLineRawStringLiteralToken
                or SyntaxKind.Utf8StringLiteralToken
                or SyntaxKind.Utf8SingleLineRawStringLiteralToken
                or SyntaxKind.Utf8MultiLineRawStringLiteralToken;

    private static IEnumerable<string> Library() =>
        from project in new[] { "Qua2SeDiMo", "Qua2SeDiMo.Kernels" }
        let root = In("src", project)
        from file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
        let folder = Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar)[0]
        where folder is not ("bin" or "obj")
        select file;

    private static string In(params string[] path) => Path.Combine([RepositoryFiles.Root, .. path]);
}
