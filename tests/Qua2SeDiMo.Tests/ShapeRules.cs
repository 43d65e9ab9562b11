using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests;

/// <summary>Limits of line width, and of lines and tokens of a method
/// (docs/decisions/0016-width-and-length.md).</summary>
public sealed class ShapeRules(ITestOutputHelper output)
{
    private const int MaximumWidth = 140;
    private const int MaximumMethodLines = 80;
    private const int MaximumMethodTokens = 600;

    // Methods with larger limits of lines and tokens. They are innermost loops, which further calls would slow down;
    // the limits may only be lowered.
    private static readonly Dictionary<string, (int Lines, int Tokens)> Larger = new()
    {
        ["DotProduct512.Run4"] = (85, 881),
        ["DotProduct512.Run8"] = (80, 777),
        ["MatrixProduct.Tile8"] = (105, 1051),
        ["StrassenProduct.Multiply"] = (80, 622),
        ["Tile256.Run16"] = (80, 718),
        ["Tile512.Run16"] = (94, 827),
        ["Tile512.Run32"] = (143, 1342),
    };

    private static readonly Lazy<IReadOnlyList<(string Path, SyntaxNode Root)>> Sources = new(() =>
        [.. Files("src").Select(file => (file, CSharpSyntaxTree.ParseText(File.ReadAllText(file)).GetRoot()))]
    );

    [Fact]
    public void Lines_are_narrow()
    {
        var faults = new List<string>();
        foreach (
            string file in (string[])[.. Files("src"), .. Files("tests"), .. Files("samples"), .. Files("benchmarks")]
        )
        {
            if (!File.ReadLines(file).Any(line => line.Length > MaximumWidth))
                continue;
            SourceText text = SourceText.From(File.ReadAllText(file));
            IReadOnlyList<TextSpan> data = RawStrings(CSharpSyntaxTree.ParseText(text).GetRoot());
            faults.AddRange(
                text.Lines.Where(line =>
                        line.Span.Length > MaximumWidth && !data.Any(span => span.IntersectsWith(line.Span))
                    )
                    .Select(line => $"{file}:{line.LineNumber + 1}: {line.Span.Length} characters.")
            );
        }
        Assert.Empty(faults);
    }

    [Fact]
    public void Methods_are_short_and_hold_little()
    {
        var faults = new List<string>();
        var found = new HashSet<string>();
        foreach ((string file, SyntaxNode root) in Sources.Value)
        {
            foreach (SyntaxNode method in Methods(root))
            {
                FileLinePositionSpan place = method.SyntaxTree.GetLineSpan(method.Span);
                int lines = place.EndLinePosition.Line - place.StartLinePosition.Line + 1;
                int tokens = method.DescendantTokens().Count();
                if (lines <= MaximumMethodLines && tokens <= MaximumMethodTokens)
                    continue;
                string name =
                    $"{Path.GetFileNameWithoutExtension(file)}.{(method as MethodDeclarationSyntax)?.Identifier.Text}";
                found.Add(name);
                if (
                    Larger.TryGetValue(name, out (int Lines, int Tokens) limit)
                    && lines <= limit.Lines
                    && tokens <= limit.Tokens
                )
                    continue;
                faults.Add($"{file}:{place.StartLinePosition.Line + 1}: {lines} lines, {tokens} tokens.");
            }
        }
        faults.AddRange(Larger.Keys.Except(found).Select(name => $"{name} is small now: take it out of the table."));
        Assert.Empty(faults);
    }

    [Fact]
    public void How_much_stands_in_a_line_and_in_a_method_is_said()
    {
        int lines = 0,
            tokens = 0;
        var methods = new List<int>();
        foreach ((_, SyntaxNode root) in Sources.Value)
        {
            SyntaxToken[] all = [.. root.DescendantTokens().Where(token => token.Span.Length > 0)];
            tokens += all.Length;
            lines += all.Select(token => token.SyntaxTree!.GetLineSpan(token.Span).StartLinePosition.Line)
                .Distinct()
                .Count();
            methods.AddRange(Methods(root).Select(method => method.DescendantTokens().Count()));
        }
        methods.Sort();
        output.WriteLine(
            $"{(double)tokens / lines:0.0} tokens a code line, {methods[methods.Count / 2]} in a median method of {methods.Count}"
        );

        Assert.InRange((double)tokens / lines, 3, 8.5);
        Assert.InRange(methods[methods.Count / 2], 10, 85);
    }

    private static IEnumerable<SyntaxNode> Methods(SyntaxNode root) =>
        root.DescendantNodes()
            .Where(node =>
                node
                    is BaseMethodDeclarationSyntax { Body: not null }
                        or BaseMethodDeclarationSyntax { ExpressionBody: not null }
            );

    // The content of a raw string is data, such as a page, a document or a shader.
    private static IReadOnlyList<TextSpan> RawStrings(SyntaxNode root) =>
        [
            .. root.DescendantTokens()
                .Where(token =>
                    token.Kind()
                        is SyntaxKind.MultiLineRawStringLiteralToken
                            or SyntaxKind.SingleLineRawStringLiteralToken
                            or SyntaxKind.Utf8MultiLineRawStringLiteralToken
                            or SyntaxKind.Utf8SingleLineRawStringLiteralToken
                )
                .Select(token => token.Span),
            .. root.DescendantNodes()
                .OfType<InterpolatedStringExpressionSyntax>()
                .Where(text =>
                    text.StringStartToken.Kind()
                        is SyntaxKind.InterpolatedMultiLineRawStringStartToken
                            or SyntaxKind.InterpolatedSingleLineRawStringStartToken
                )
                .Select(text => text.Span),
        ];

    private static IEnumerable<string> Files(string folder) =>
        Directory
            .EnumerateFiles(Path.Combine(RepositoryFiles.Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(path =>
                !path.Contains(
                    $"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}",
                    StringComparison.Ordinal
                )
                && !path.Contains(
                    $"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}",
                    StringComparison.Ordinal
                )
            );
}
