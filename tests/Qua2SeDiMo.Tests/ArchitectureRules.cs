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
        ["Kernels.Codes"] = [],
        ["Kernels.Layout"] = ["Kernels.Codes"],
        ["Kernels.Scheduling"] = ["Kernels.Layout"],
        ["Kernels.Decoding"] = ["Kernels.Codes", "Kernels.Layout"],
        ["Kernels.MicroKernels"] = ["Kernels.Layout", "Kernels.Decoding"],
        ["Kernels.Gemm"] = ["Kernels.Codes", "Kernels.Layout", "Kernels.Scheduling", "Kernels.Decoding", "Kernels.MicroKernels"],
        ["Kernels.Convolutions"] =
            ["Kernels.Codes", "Kernels.Layout", "Kernels.Scheduling", "Kernels.Decoding", "Kernels.MicroKernels", "Kernels.Gemm"],
        ["Kernels"] =
        [
            "Kernels.Codes", "Kernels.Layout", "Kernels.Scheduling", "Kernels.Decoding", "Kernels.MicroKernels", "Kernels.Gemm", "Kernels.Convolutions",
        ],
        ["Kernels.Operators"] = ["Kernels.Layout", "Kernels.Scheduling", "Kernels"],
        ["Json"] = [],
        ["Numerics"] = [],
        ["Models"] = ["Kernels.Codes", "Numerics", "Json"],
        ["Graphs"] = ["Kernels.Codes", "Kernels.Operators", "Numerics", "Models"],
        ["Architectures"] = ["Kernels.Codes", "Models", "Graphs", "Numerics", "Json"],
        ["Quantizers"] = ["Kernels.Codes", "Kernels.Layout", "Models", "Graphs", "Numerics", "Json"],
        ["Inference"] = ["Kernels.Codes", "Kernels.Operators", "Graphs", "Models", "Quantizers", "Numerics"],
        ["Gradients"] = ["Kernels.Codes", "Graphs", "Inference", "Models"],
        ["Diffusion"] = ["Kernels.Codes", "Inference", "Architectures", "Graphs", "Models", "Numerics", "Json"],
        ["Measurement"] = ["Kernels.Codes", "Diffusion", "Gradients", "Quantizers", "Inference", "Graphs", "Models", "Numerics"],
        ["Metrics"] = ["Inference", "Numerics", "Models", "Json"],
        ["Studies"] = ["Kernels.Codes", "Quantizers", "Graphs", "Models", "Numerics", "Json"],
        ["Predictors"] = ["Kernels.Codes", "Numerics", "Graphs", "Quantizers", "Models", "Json"],
        ["Sensitivity"] = ["Predictors", "Graphs", "Numerics", "Quantizers", "Json"],
        ["Plans"] = ["Kernels.Codes", "Sensitivity", "Predictors", "Quantizers", "Graphs", "Numerics"],
        ["Packing"] = ["Kernels.Codes", "Plans", "Quantizers", "Graphs", "Models", "Numerics", "Json"],
        ["Reports"] = ["Kernels.Codes", "Plans", "Sensitivity", "Predictors", "Studies", "Graphs", "Numerics", "Json"],
        ["Runs"] = ["Predictors", "Studies", "Inference", "Models", "Json"],
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

    // Project folders of the library and the namespaces that their files begin with.
    private static readonly (string Project, string Prefix)[] Projects = [("Qua2SeDiMo", ""), ("Qua2SeDiMo.Kernels", "Kernels")];

    // What others call of the kernels. Folders below see these types without a using.
    private static readonly string[] KernelFace = ["PaletteMatMul", "PaletteConvolution", "KernelSelector", "PaletteKernel", "PanelKernel", "ScalarKernel", "KernelException"];

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
    public void Folders_of_kernels_do_not_use_what_others_call()
    {
        var face = new Regex($@"\b(?:{string.Join('|', KernelFace)})\b");
        var faults = new List<string>();
        foreach ((string file, string folder) in LibraryFiles())
        {
            if (!folder.StartsWith("Kernels.", StringComparison.Ordinal) || folder == "Kernels.Operators") continue;
            foreach (string line in File.ReadLines(file).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)))
            {
                if (face.Match(line) is { Success: true } match) faults.Add($"{file}: '{folder}' may not use {match.Value}.");
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
        from project in Projects
        let root = Path.Combine(RepositoryFiles.Root, "src", project.Project)
        from file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
        where IsSource(file)
        let relative = Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar)
        let folder = relative.Length > 1 ? relative[0] : ""
        select (file, project.Prefix.Length == 0 || folder.Length == 0 ? project.Prefix + folder : $"{project.Prefix}.{folder}");

    private static bool IsSource(string path) =>
        !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
        && !path.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal);

    [GeneratedRegex(@"^using (?:static )?Qua2SeDiMo\.(?<folder>Kernels(?:\.\w+)?|\w+)", RegexOptions.Multiline)]
    private static partial Regex OwnNamespaces();

    [GeneratedRegex(@"\b(?:TODO|FIXME|HACK)\b")]
    private static partial Regex LooseEnd();
}
