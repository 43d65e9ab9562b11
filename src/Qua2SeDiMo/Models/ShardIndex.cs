using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Models;

/// <summary>An index file, which maps each tensor to a shard file in the same folder.</summary>
internal sealed class ShardIndex
{
    private readonly Dictionary<string, string> places;

    private ShardIndex(string path, Dictionary<string, string> places)
    {
        FilePath = path;
        this.places = places;
        Shards =
        [
            .. places
                .Values.Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)
                .Select(name => Path.Combine(Path.GetDirectoryName(path)!, name)),
        ];
    }

    /// <summary>Path of the index.</summary>
    internal string FilePath { get; }

    /// <summary>Paths of the shards, which all exist.</summary>
    internal IReadOnlyList<string> Shards { get; }

    /// <summary>Reads an index and checks that the shards exist, without opening them.</summary>
    /// <param name="path">Path of the index.</param>
    /// <param name="notes">Receives a line for every repeated key.</param>
    /// <exception cref="JsonFileException">The file is not JSON, or not an index.</exception>
    /// <exception cref="SafetensorsException">The index is empty, names a file outside of its folder, or a shard does
    /// not exist.</exception>
    internal static ShardIndex Read(string path, Notes? notes)
    {
        ForeignValue map = ForeignJson.Read(path, notes)["weight_map"];
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string tensor, ForeignValue file) in map.Members)
        {
            string shard = file.Text();
            if (
                shard.Length == 0
                || Path.GetFileName(shard) != shard
                || shard is "." or ".."
                || shard.AsSpan().IndexOfAny('\\', '\0') >= 0
            )
            {
                throw new SafetensorsException(
                    path,
                    tensor,
                    $"shard '{shard}' is not a plain file name inside the folder."
                );
            }
            places[tensor] = shard;
        }
        if (places.Count == 0)
            throw new SafetensorsException(path, "'weight_map' is empty; was the index cut or edited?");
        var index = new ShardIndex(path, places);
        string[] missing =
        [
            .. index.Shards.Where(shard => !File.Exists(shard)).Select(shard => Path.GetFileName(shard)!),
        ];
        if (missing.Length > 0)
        {
            string some = string.Join(", ", missing.Take(5)) + (missing.Length > 5 ? ", …" : "");
            throw new SafetensorsException(
                path,
                $"{missing.Length} of {index.Shards.Count} shards are not there ({some}); was the download complete?"
            );
        }
        return index;
    }

    /// <summary>Compares the index with the contents of the shards.</summary>
    /// <param name="shardOf">Returns the file name of the shard that contains a tensor; null when none does.</param>
    /// <exception cref="SafetensorsException">A tensor is not in the shard that the index states.</exception>
    internal void Check(Func<string, string?> shardOf)
    {
        foreach ((string tensor, string shard) in places)
        {
            string found =
                shardOf(tensor)
                ?? throw new SafetensorsException(
                    FilePath,
                    tensor,
                    $"the index places it in {shard}, no shard holds it."
                );
            if (found != shard)
                throw new SafetensorsException(FilePath, tensor, $"the index places it in {shard}, it is in {found}.");
        }
    }
}
