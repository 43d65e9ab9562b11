using System.IO.Hashing;
using System.Runtime.ExceptionServices;

namespace Qua2SeDiMo.Models.Fingerprints;

/// <summary>Reads bytes of a content that may be larger than memory; called from several threads at once.</summary>
/// <param name="start">First byte.</param>
/// <param name="destination">Filled completely.</param>
internal delegate void PieceReader(long start, Span<byte> destination);

/// <summary>
/// Hashes large contents in pieces, on all processors and in bounded memory. The hash of a content is the hash of its
/// pieces' hashes, so it depends on the piece size but not on threads or their order.
/// </summary>
internal static class PieceHasher
{
    private const long PieceBytes = 16 << 20;

    // Bytes that a thread reads at a time; small enough to be in the L2 cache when they are hashed.
    private const int BufferBytes = 1 << 18;

    /// <summary>Hashes of contents, 16 bytes each.</summary>
    /// <param name="contents">Length in bytes and reader of each content.</param>
    /// <param name="progress">Receives the finished fraction, 0 to 1.</param>
    /// <param name="cancellationToken">Checked between pieces.</param>
    internal static byte[][] Hash(
        IReadOnlyList<(long Length, PieceReader Read)> contents,
        IProgress<double>? progress,
        CancellationToken cancellationToken
    )
    {
        (int Content, long Start, long Length)[] pieces =
        [
            .. contents.SelectMany((content, index) => Cut(index, content.Length)),
        ];
        byte[][] hashes = new byte[pieces.Length][];
        long total = Math.Max(1, contents.Sum(content => content.Length)),
            done = 0;
        try
        {
            var parallel = new ParallelOptions
            {
                CancellationToken = cancellationToken,
                MaxDegreeOfParallelism = Environment.ProcessorCount,
            };
            Parallel.For(
                0,
                pieces.Length,
                parallel,
                () => new byte[BufferBytes],
                (p, _, buffer) =>
                {
                    hashes[p] = HashPiece(contents[pieces[p].Content].Read, pieces[p].Start, pieces[p].Length, buffer);
                    progress?.Report((double)Interlocked.Add(ref done, pieces[p].Length) / total);
                    return buffer;
                },
                _ => { }
            );
        }
        catch (AggregateException error)
        {
            // Callers expect the error of a piece, not an AggregateException.
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
        }
        var joined = new XxHash128();
        byte[][] results = new byte[contents.Count][];
        for (int p = 0, content = 0; content < results.Length; content++)
        {
            for (; p < pieces.Length && pieces[p].Content == content; p++)
                joined.Append(hashes[p]);
            results[content] = joined.GetHashAndReset();
        }
        return results;
    }

    private static IEnumerable<(int, long, long)> Cut(int content, long length)
    {
        for (long start = 0; start < length; start += PieceBytes)
            yield return (content, start, Math.Min(PieceBytes, length - start));
    }

    private static byte[] HashPiece(PieceReader read, long start, long length, byte[] buffer)
    {
        var hash = new XxHash128();
        for (long end = start + length; start < end; start += buffer.Length)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - start));
            read(start, part);
            hash.Append(part);
        }
        return hash.GetHashAndReset();
    }
}
