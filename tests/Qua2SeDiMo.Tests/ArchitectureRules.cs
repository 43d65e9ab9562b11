using System.Text.RegularExpressions;
using Xunit;

namespace Qua2SeDiMo.Tests;

/// <summary>The walls between folders and the size limits, read from the sources (docs/decisions/0003-one-package-with-walls.md).</summary>
public sealed partial class ArchitectureRules
{
    private const int MaximumFileLines = 500;

    // What each folder may use beside the root namespace (errors, progress, atomic files). The table is the whole truth and has no cycle.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Json"] = [],
        ["Numerics"] = [],
        ["Models"] = ["Numerics", "Json"],
        ["Graphs"] = ["Numerics", "Models"],
        ["Architectures"] = ["Models", "Graphs", "Numerics", "Json"],
        ["Quantizers"] = ["Models", "Graphs", "Numerics", "Json"],
        ["Inference"] = ["Graphs", "Models", "Quantizers", "Numerics"],
        ["Diffusion"] = ["Inference", "Architectures", "Graphs", "Models", "Numerics", "Json"],
        ["Metrics"] = ["Inference", "Numerics", "Models", "Json"],
        ["Studies"] = ["Quantizers", "Graphs", "Models", "Numerics", "Json"],
        ["Predictors"] = ["Numerics", "Graphs", "Quantizers", "Json"],
        ["Sensitivity"] = ["Predictors", "Graphs", "Numerics", "Quantizers", "Json"],
        ["Plans"] = ["Sensitivity", "Predictors", "Quantizers", "Graphs", "Numerics"],
        ["Packing"] = ["Plans", "Quantizers", "Graphs", "Models", "Numerics", "Json"],
        ["Reports"] = ["Numerics", "Json"],
    };

    // Folders that join others on purpose: the stages and the checks against references.
    private static readonly string[] Joining = ["Stages", "Verification"];

    private static readonly Dictionary<string, string[]> PackageHomes = new()
    {
        ["Microsoft.ML.OnnxRuntime"] = ["Inference"],
        ["Google.Protobuf"] = ["Graphs"],
        ["Microsoft.Data.Sqlite"] = ["Studies"],
        ["SkiaSharp"] = ["Reports"],
        ["Microsoft.ML.Tokenizers"] = ["Diffusion"],
        ["System.IO.Hashing"] = ["Models", "Reports"],
    };

    private static string Library => Path.Combine(RepositoryFiles.Root, "src", "Qua2SeDiMo");

    [Fact]
    public void A_folder_uses_only_the_folders_that_the_table_allows()
    {
        var faults = new List<string>();
        foreach ((string file, string folder) in LibraryFiles())
        {
            if (folder.Length == 0 || Joining.Contains(folder)) continue;
            if (!Allowed.TryGetValue(folder, out string[]? allowed))
            {
                faults.Add($"{file}: folder '{folder}' is not in the table.");
                continue;
            }
            foreach (Match match in OwnNamespaces().Matches(File.ReadAllText(file)))
            {
                string used = match.Groups["folder"].Value;
                if (used != folder && !allowed.Contains(used)) faults.Add($"{file}: '{folder}' may not use '{used}'.");
            }
        }
        Assert.Empty(faults.Distinct());
    }

    [Fact]
    public void The_table_has_no_cycle()
    {
        var done = new HashSet<string>();
        while (done.Count < Allowed.Count)
        {
            string? next = Allowed.Keys.FirstOrDefault(folder => !done.Contains(folder) && Allowed[folder].All(done.Contains));
            Assert.True(next is not null, $"Cycle among {string.Join(", ", Allowed.Keys.Except(done))}.");
            done.Add(next);
        }
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
                if (text.Contains($"using {package}", StringComparison.Ordinal) && !homes.Contains(folder)) faults.Add($"{file}: '{package}' belongs in {string.Join(", ", homes)}.");
            }
        }
        Assert.Empty(faults);
    }

    [Fact]
    public void No_file_is_longer_than_its_limit_and_none_hides_code()
    {
        var faults = new List<string>();
        foreach (string file in Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "src"), "*.cs", SearchOption.AllDirectories).Where(IsSource))
        {
            string[] lines = File.ReadAllLines(file);
            if (lines.Length > MaximumFileLines) faults.Add($"{file}: {lines.Length} lines.");
            if (lines.Any(line => line.TrimStart().StartsWith("#region", StringComparison.Ordinal))) faults.Add($"{file}: #region.");
            if (lines.Any(line => LooseEnd().IsMatch(line))) faults.Add($"{file}: a loose end without an issue.");
        }
        Assert.Empty(faults);
    }

    private static IEnumerable<(string File, string Folder)> LibraryFiles() =>
        from file in Directory.EnumerateFiles(Library, "*.cs", SearchOption.AllDirectories)
        where IsSource(file)
        let relative = Path.GetRelativePath(Library, file).Split(Path.DirectorySeparatorChar)
        select (file, relative.Length > 1 ? relative[0] : "");

    private static bool IsSource(string path) =>
        !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
        && !path.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal);

    [GeneratedRegex(@"^using (?:static )?Qua2SeDiMo\.(?<folder>\w+)", RegexOptions.Multiline)]
    private static partial Regex OwnNamespaces();

    [GeneratedRegex(@"\b(?:TODO|FIXME|HACK)\b")]
    private static partial Regex LooseEnd();
}
