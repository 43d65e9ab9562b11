using System.Diagnostics;

namespace Qua2SeDiMo.Verification;

/// <summary>Finds reference cases below given paths and runs them. The kind of a case follows from its content, not
/// from its name or path, so new cases run too. A case that cannot run gives a failed result with the reason.</summary>
internal static class VerificationRunner
{
    private const string Title = "Verifying";

    /// <summary>Runs every case at or below the paths.</summary>
    /// <param name="paths">Folders or files in the layout of <c>tests/golden</c> (docs/verify.md).</param>
    /// <param name="progress">Receives a report before each case.</param>
    /// <param name="cancellationToken">Checked before each case.</param>
    /// <exception cref="VerificationException">A path does not exist.</exception>
    public static VerificationReport Run(
        IReadOnlyList<string> paths,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(paths);
        var found = new Findings();
        foreach (string path in paths)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Directory.Exists(path))
                found.AddFolder(path);
            else if (File.Exists(path))
                found.AddNamedFile(path);
            else
                throw new VerificationException($"{path}: there is no such file or folder.");
        }
        var cases = new List<VerificationCase>();
        foreach ((VerificationKind? kind, string path, string? fault) in found.Cases)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string name = kind?.NameOf(path) ?? Path.GetFileName(path);
            progress?.Report(new StageProgress(Title, cases.Count, found.Cases.Count, name));
            long start = Stopwatch.GetTimestamp();
            IReadOnlyList<VerificationResult> results = kind is null
                ? [Comparison.Failed(name, "read", fault!)]
                : RunCase(kind, name, path, cancellationToken);
            cases.Add(
                new VerificationCase(
                    kind?.Name ?? "unreadable",
                    name,
                    path,
                    Stopwatch.GetElapsedTime(start).TotalSeconds,
                    results
                )
            );
        }
        if (cases.Count > 0)
            progress?.Report(new StageProgress(Title, cases.Count, cases.Count));
        return new VerificationReport(cases, found.Unknown);
    }

    private static IReadOnlyList<VerificationResult> RunCase(
        VerificationKind kind,
        string name,
        string path,
        CancellationToken cancellationToken
    )
    {
        try
        {
            IReadOnlyList<VerificationResult> results = kind.Verify(path, cancellationToken);
            return results.Count > 0
                ? results
                : [Comparison.Failed(name, "run", "no output was compared; is a file of the case missing or empty?")];
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // A malformed case must not prevent the others from running.
            return [Comparison.Failed(name, "run", $"{error.GetType().Name}: {error.Message}")];
        }
    }

    /// <summary>The distinct cases below the paths.</summary>
    private sealed class Findings
    {
        private readonly HashSet<string> seen = [];
        private readonly HashSet<string> walked = [];

        internal List<(VerificationKind? Kind, string Path, string? Fault)> Cases { get; } = [];

        internal List<string> Unknown { get; } = [];

        internal void AddFolder(string path)
        {
            string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
            if (!walked.Contains(folder) && !Walk(folder))
                Unknown.Add(folder);
        }

        internal void AddNamedFile(string path)
        {
            string file = Path.GetFullPath(path);
            if (VerificationKind.All.Any(kind => kind.Marker == Path.GetFileName(file)))
                AddFolder(Path.GetDirectoryName(file)!);
            else if (!AddFile(Path.ChangeExtension(file, ".json")))
                Unknown.Add(file);
        }

        // Returns whether the folder or one below it contains a case. Of nested folders without cases, only the topmost
        // is listed as unknown.
        private bool Walk(string folder)
        {
            // A link may lead to a parent folder.
            if (!walked.Add(new DirectoryInfo(folder).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? folder))
                return false;
            foreach (VerificationKind kind in VerificationKind.All.Where(kind => kind.Marker is not null))
            {
                string marker = Path.Combine(folder, kind.Marker!);
                if (File.Exists(marker) && Add(marker, folder, description => kind.Matches(description) ? kind : null))
                    return true;
            }
            string[] files = [.. Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal)];
            string[] unknownFiles = [.. files.Where(file => !AddFile(file))];
            string[] folders = [.. Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal)];
            string[] unknownFolders = [.. folders.Where(nested => !Walk(nested))];
            bool holdsCases = unknownFiles.Length < files.Length || unknownFolders.Length < folders.Length;
            // Components of a model folder that contains references are not listed as unknown.
            bool isModel = File.Exists(Path.Combine(folder, "model_index.json"));
            if (holdsCases && !isModel)
                Unknown.AddRange([.. unknownFiles, .. unknownFolders]);
            return holdsCases;
        }

        private bool AddFile(string file) =>
            Add(
                file,
                file,
                description =>
                    VerificationKind.All.FirstOrDefault(kind => kind.Marker is null && kind.Matches(description))
            );

        private bool Add(string description, string path, Func<ReferenceDescription, VerificationKind?> classify)
        {
            try
            {
                if (ReferenceDescription.TryRead(description) is not { } read || classify(read) is not { } kind)
                    return false;
                if (seen.Add(path))
                    Cases.Add((kind, path, null));
            }
            catch (Exception error) when (error is Q2Exception or IOException or UnauthorizedAccessException)
            {
                if (seen.Add(path))
                    Cases.Add((null, path, error.Message));
            }
            return true;
        }
    }
}
