using System.Diagnostics;

namespace Qua2SeDiMo.Verification;

/// <summary>
/// Finds reference cases below given paths and runs them. What a case checks follows from its content, not from its
/// name or place, so cases that were never seen before run too. A case that cannot run is a failed result that says
/// why.
/// </summary>
internal static class VerificationRunner
{
    private const string Title = "Verifying";

    /// <summary>Runs every case at or below the paths.</summary>
    /// <param name="paths">Folders or files in the layout of <c>tests/golden</c> (docs/verify.md).</param>
    /// <param name="progress">Told before each case.</param>
    /// <param name="cancellationToken">Looked at before each case.</param>
    /// <exception cref="VerificationException">There is nothing at a path.</exception>
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
            // A malformed case must not keep the others from running.
            return [Comparison.Failed(name, "run", $"{error.GetType().Name}: {error.Message}")];
        }
    }

    /// <summary>The cases below the paths, each once.</summary>
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

        // Whether the folder, or one below it, holds a case. Folders without any are named once, at the highest place.
        private bool Walk(string folder)
        {
            // A link may lead back up.
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
            // The parts of a model with references inside need no mention.
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
