using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Models;

/// <summary>An index file: which shard of the folder holds which tensor.</summary>
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

    /// <summary>The index.</summary>
    internal string FilePath { get; }

    /// <summary>Paths of the shards, all of which are there.</summary>
    internal IReadOnlyList<string> Shards { get; }

    /// <summary>Reads an index; the shards are looked for, not opened.</summary>
    /// <param name="path">The index.</param>
    /// <param name="notes">Gets a line for every repeated key.</param>
    /// <exception cref="JsonFileException">It is not JSON, or not an index.</exception>
    /// <exception cref="SafetensorsException">It maps nothing, names a file outside of its folder, or a shard is not
    /// there.</exception>
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

    /// <summary>Holds the index against what the shards really hold.</summary>
    /// <param name="shardOf">File name of the shard that holds a tensor; null for a tensor that none holds.</param>
    /// <exception cref="SafetensorsException">A tensor is not where the index says.</exception>
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
                throw new SafetensorsException(
                    FilePath,
                    tensor,
                    $"the index places it in {shard}, it stands in {found}."
                );
        }
    }
}
