using Qua2SeDiMo.Graphs;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Packing;

/// <summary>
/// Writes a pipeline folder with another denoiser: all other components are copied, and the folder appears when it is complete.
/// </summary>
internal static class PipelineFolder
{
    private const string ModelIndex = "model_index.json";

    /// <summary>Writes the folder.</summary>
    /// <param name="source">Original pipeline.</param>
    /// <param name="destination">Folder to write: missing, empty, or an earlier one of ours, which is replaced.</param>
    /// <param name="withProgram">Whether the program of an exported denoiser goes along, without its weights.</param>
    /// <param name="writeDenoiser">Writes the denoiser's files into its folder, which holds its configuration.</param>
    /// <param name="cancellationToken">Stops; nothing is left behind.</param>
    /// <returns>Full path of the folder.</returns>
    /// <exception cref="PackedModelException">The destination is taken, or the source is already packed.</exception>
    internal static string Write(ModelFolder source, string destination, bool withProgram, Action<string> writeDenoiser, CancellationToken cancellationToken)
    {
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(source.DirectoryPath)), target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(destination));
        if (target == root || target.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new PackedModelException($"{target}: a packed model cannot be written inside its source {root}; choose another folder.");
        }
        return Replace(target, folder =>
        {
            CopyPipeline(source, folder, withProgram, cancellationToken);
            writeDenoiser(Path.Combine(folder, source.Denoiser.Name));
        });
    }

    /// <summary>Fills a folder beside its place and moves it there: missing, empty, or an earlier one of ours.</summary>
    /// <exception cref="PackedModelException">The place is taken.</exception>
    internal static string Replace(string destination, Action<string> fill)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(destination)), partial = target + ".partial";
        bool isTaken = Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any() && !IsOurs(target);
        if (isTaken) throw new PackedModelException($"{target}: the folder is not empty and not a packed model; choose another, or empty it.");
        if (Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
        try
        {
            Directory.CreateDirectory(partial);
            fill(partial);
            if (Directory.Exists(target)) Directory.Delete(target, recursive: true);
            Directory.Move(partial, target);
            return target;
        }
        catch
        {
            if (Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
            throw;
        }
    }

    /// <summary>Checks that an allocation can be packed from a source.</summary>
    /// <exception cref="PackedModelException">The source is already packed, or the allocation names weights that it does not have.</exception>
    internal static void RequireKnown(ModelFolder source, IReadOnlyList<QuantizableWeight> weights, BitAllocation allocation)
    {
        if (PackedModelReader.IsPacked(source.Denoiser.DirectoryPath)) throw new PackedModelException($"{source.DirectoryPath}: the denoiser is packed already; pack from the original model.");
        HashSet<string> known = [.. weights.Select(weight => weight.Name)];
        string? unknown = allocation.Specs.Keys.FirstOrDefault(name => !known.Contains(name));
        if (unknown is not null) throw new PackedModelException($"{source.DirectoryPath}: the allocation names weight '{unknown}', which the denoiser does not have; is it the plan of another model?");
    }

    private static bool IsOurs(string folder) => File.Exists(Path.Combine(folder, PackNote.FileName))
        || (File.Exists(Path.Combine(folder, ModelIndex)) && Directory.EnumerateDirectories(folder).Any(PackedModelReader.IsPacked));

    private static void CopyPipeline(ModelFolder source, string target, bool withProgram, CancellationToken cancellationToken)
    {
        foreach (string file in Directory.EnumerateFiles(source.DirectoryPath).Where(IsWanted)) File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        foreach (ModelComponent component in source.Components.Values)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string folder = Path.Combine(target, component.Name);
            if (component.Name != source.Denoiser.Name)
            {
                CopyFolder(component.DirectoryPath, folder, cancellationToken);
                continue;
            }
            Directory.CreateDirectory(folder);
            File.Copy(Path.Combine(component.DirectoryPath, "config.json"), Path.Combine(folder, "config.json"));
            string program = Path.Combine(component.DirectoryPath, OnnxReader.FileName);
            if (withProgram && File.Exists(program) && !Directory.EnumerateFiles(component.DirectoryPath, "*.safetensors").Any()) OnnxSkeleton.Write(program, Path.Combine(folder, OnnxReader.FileName));
        }

        // The index, and the terms under which the model may be given away.
        static bool IsWanted(string path) => Path.GetFileName(path) is var name
            && (name == ModelIndex || name.StartsWith("LICENSE", StringComparison.OrdinalIgnoreCase) || name.StartsWith("NOTICE", StringComparison.OrdinalIgnoreCase));
    }

    private static void CopyFolder(string source, string target, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(target);
        foreach (string file in Directory.EnumerateFiles(source))
        {
            cancellationToken.ThrowIfCancellationRequested();
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        }
        foreach (string folder in Directory.EnumerateDirectories(source)) CopyFolder(folder, Path.Combine(target, Path.GetFileName(folder)), cancellationToken);
    }
}
