using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Packing;

/// <summary>Writes a pipeline folder with a replaced denoiser. The files of the other components that are read are
/// copied. The folder becomes visible only when it is complete.</summary>
internal static class PipelineFolder
{
    private static readonly string[] Terms = ["LICENSE", "LICENCE", "NOTICE", "COPYING"];
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes the folder.</summary>
    /// <param name="source">Original pipeline.</param>
    /// <param name="destination">Folder to write: missing, empty, or an earlier output of this program, which is
    /// replaced.</param>
    /// <param name="withProgram">Whether the ONNX program of an exported denoiser is copied too, without its
    /// weights.</param>
    /// <param name="writeDenoiser">Writes the denoiser's files into the given folder, which already holds its
    /// configuration.</param>
    /// <param name="cancellationToken">Cancels the work; no partial folder is left.</param>
    /// <returns>Full path of the folder.</returns>
    /// <exception cref="PackedModelException">The destination holds other files or lies inside the source.</exception>
    internal static string Write(
        ModelFolder source,
        string destination,
        bool withProgram,
        Action<string> writeDenoiser,
        CancellationToken cancellationToken
    )
    {
        RequirePlace(source, destination);
        return Replace(
            destination,
            folder =>
            {
                CopyPipeline(source, folder, withProgram, cancellationToken);
                writeDenoiser(Path.Combine(folder, source.Denoiser.Name));
            }
        );
    }

    /// <summary>Makes the same check of the destination as <see cref="Write"/>.</summary>
    /// <exception cref="PackedModelException">The destination holds other files or lies inside the source.</exception>
    internal static void RequirePlace(ModelFolder source, string destination)
    {
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(source.DirectoryPath));
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(destination));
        if (target == root || target.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new PackedModelException(
                $"{target}: a packed model cannot be written inside its source {root}; choose another folder."
            );
        }
        RequireFree(target);
    }

    private static void RequireFree(string target)
    {
        bool isTaken =
            Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any() && !IsOurs(target);
        if (isTaken)
            throw new PackedModelException(
                $"{target}: the folder is not empty and not a packed model; choose another, or empty it."
            );
        if (File.Exists(target))
            throw new PackedModelException(
                $"{target}: a file stands where a folder is to be written; choose another name."
            );
    }

    /// <summary>Fills a temporary folder beside the destination, then moves it there. The destination may be missing,
    /// empty, or an earlier output of this program.</summary>
    /// <exception cref="PackedModelException">The destination holds other files.</exception>
    /// <exception cref="StorageException">Another process is writing the destination, or writing failed; the old
    /// content is kept.</exception>
    internal static string Replace(string destination, Action<string> fill) =>
        AtomicFolder.Replace(destination, RequireFree, fill);

    /// <summary>Checks that an allocation can be packed from a source.</summary>
    /// <exception cref="PackedModelException">The source is packed already, or the allocation names weights that its
    /// denoiser does not have.</exception>
    internal static void RequireKnown(
        ModelFolder source,
        IReadOnlyList<QuantizableWeight> weights,
        BitAllocation allocation,
        ActivationAllocation? activations = null
    )
    {
        if (PackedModelReader.IsPacked(source.Denoiser.DirectoryPath))
        {
            throw new PackedModelException(
                $"{source.DirectoryPath}: the denoiser is packed already; pack from the original model."
            );
        }
        HashSet<string> known = [.. weights.Select(weight => weight.Name)];
        string? unknown = allocation
            .Specs.Keys.Concat(activations?.ByWeight.Keys ?? [])
            .FirstOrDefault(name => !known.Contains(name));
        if (unknown is not null)
        {
            throw new PackedModelException(
                $"{source.DirectoryPath}: the allocation names weight '{unknown}', which the denoiser does "
                    + "not have; is it the plan of another model?"
            );
        }
    }

    private static bool IsOurs(string folder) =>
        File.Exists(Path.Combine(folder, PackNote.FileName))
        || (
            File.Exists(Path.Combine(folder, ModelFolder.IndexName))
            && Directory.EnumerateDirectories(folder).Any(PackedModelReader.IsPacked)
        );

    // Copies only the files that are read, of the components that are used; the index names no other components.
    private static void CopyPipeline(
        ModelFolder source,
        string target,
        bool withProgram,
        CancellationToken cancellationToken
    )
    {
        foreach (string file in Directory.EnumerateFiles(source.DirectoryPath).Where(HoldsTerms))
        {
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        }
        WriteIndex(source, target);
        foreach (ModelComponent component in source.Used)
        {
            string folder = Path.Combine(target, component.Name);
            AtomicFile.MakeFolder(folder);
            ComponentFiles files = ComponentFiles.Of(component);
            if (component.Name == source.Denoiser.Name)
            {
                File.Copy(Path.Combine(component.DirectoryPath, "config.json"), Path.Combine(folder, "config.json"));
                if (withProgram && files.Program is { } program)
                    OnnxSkeleton.Write(program, Path.Combine(folder, OnnxReader.FileName));
                continue;
            }
            foreach (string file in files.Read)
            {
                cancellationToken.ThrowIfCancellationRequested();
                File.Copy(file, Path.Combine(folder, files.CanonicalName(file)));
            }
        }

        // License files.
        static bool HoldsTerms(string path) =>
            Path.GetFileName(path) is var name
            && Terms.Any(start => name.StartsWith(start, StringComparison.OrdinalIgnoreCase));
    }

    private static void WriteIndex(ModelFolder source, string target)
    {
        HashSet<string> used = [.. source.Used.Select(component => component.Name)];
        var index = (JsonObject)source.Index.DeepClone();
        string[] left =
        [
            .. index
                .Where(pair => ModelFolder.ComponentPair(pair.Key, pair.Value) is not null && !used.Contains(pair.Key))
                .Select(pair => pair.Key),
        ];
        foreach (string name in left)
            index[name] = new JsonArray(null, null);
        AtomicFile.WriteText(Path.Combine(target, ModelFolder.IndexName), index.ToJsonString(Indented) + "\n");
    }
}
