using System.Text.RegularExpressions;
using Xunit;

namespace Qua2SeDiMo.Tests;

/// <summary>Rules checked on the sources: which folder may use an external package, and limits of file size
/// (docs/decisions/0003-one-package-with-walls.md).</summary>
public sealed partial class ArchitectureRules
{
    private const int MaximumFileLines = 550;

    private static readonly Dictionary<string, string[]> PackageHomes = new()
    {
        ["Microsoft.ML.OnnxRuntime"] = ["Inference"],
        ["Google.Protobuf"] = ["Graphs", "Diffusion"],
        ["nietras.SeparatedValues"] = ["Predictors"],
        ["Microsoft.Data.Sqlite"] = ["Studies"],
        ["SkiaSharp"] = ["Images"],
        ["Microsoft.ML.Tokenizers"] = ["Diffusion"],
        ["System.IO.Hashing"] = ["Models", "Images"],
    };

    // Project folders of the library, and the namespace prefix of their files.
    private static readonly (string Project, string Prefix)[] Projects =
    [
        ("Qua2SeDiMo", ""),
        ("Qua2SeDiMo.Kernels", "Kernels"),
    ];

    [Fact]
    public void Namespaces_follow_folders()
    {
        var faults = new List<string>();
        foreach ((string project, string prefix) in Projects)
        {
            string root = Path.Combine(RepositoryFiles.Root, "src", project);
            foreach (string file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories).Where(IsSource))
            {
                string[] parts = [prefix, .. Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar)[..^1]];
                string expected = string.Join('.', parts.Prepend("Qua2SeDiMo").Where(part => part.Length > 0));
                Match stated = Namespace().Match(File.ReadAllText(file));
                // The base class of all exceptions belongs to both packages and is defined in the lower one.
                bool isShared = project == "Qua2SeDiMo.Kernels" && stated.Groups["name"].Value == "Qua2SeDiMo";
                if (stated.Success && !isShared && stated.Groups["name"].Value != expected)
                    faults.Add($"{file}: {stated.Groups["name"].Value}, not {expected}.");
            }
        }
        Assert.Empty(faults);
    }

    [Fact]
    public void Each_outside_package_has_one_home()
    {
        var faults = new List<string>();
        foreach ((string file, string folder) in LibraryFiles())
        {
            string text = File.ReadAllText(file);
            foreach ((string package, string[] homes) in PackageHomes)
            {
                if (text.Contains($"using {package}", StringComparison.Ordinal) && !homes.Contains(folder))
                    faults.Add($"{file}: '{package}' belongs in {string.Join(", ", homes)}.");
            }
        }
        Assert.Empty(faults);
    }

    [Fact]
    public void No_file_is_longer_than_its_limit_and_none_hides_code()
    {
        var faults = new List<string>();
        foreach (
            string file in Directory
                .EnumerateFiles(Path.Combine(RepositoryFiles.Root, "src"), "*.cs", SearchOption.AllDirectories)
                .Where(IsSource)
        )
        {
            string[] lines = File.ReadAllLines(file);
            if (lines.Length > MaximumFileLines)
                faults.Add($"{file}: {lines.Length} lines.");
            if (lines.Any(line => line.TrimStart().StartsWith("#region", StringComparison.Ordinal)))
                faults.Add($"{file}: #region.");
            if (lines.Any(line => LooseEnd().IsMatch(line)))
                faults.Add($"{file}: a loose end without an issue.");
        }
        Assert.Empty(faults);
    }

    private static IEnumerable<(string File, string Folder)> LibraryFiles() =>
        from project in Projects
        let root = Path.Combine(RepositoryFiles.Root, "src", project.Project)
        from file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
        where IsSource(file)
        let relative = Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar)
        let folder = relative.Length > 1 ? relative[0] : ""
        select (
            file,
            project.Prefix.Length == 0 || folder.Length == 0 ? project.Prefix + folder : $"{project.Prefix}.{folder}"
        );

    private static bool IsSource(string path) =>
        !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
        && !path.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal);

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\b(?:TODO|FIXME|HACK)\b")]
    private static partial Regex LooseEnd();
}
