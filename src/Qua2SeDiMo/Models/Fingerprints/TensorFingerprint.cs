using System.IO.Hashing;
using System.Text;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Models.Fingerprints;

/// <summary>
/// Fingerprints of tensors by name, type, shape and bytes, ordered by name. They do not depend on how tensors are
/// distributed over files, on their order there, or on other content of the files.
/// </summary>
internal static class TensorFingerprint
{
    /// <summary>Fingerprint of the tensors of a source, 32 hexadecimal digits.</summary>
    /// <param name="source">The tensors; all bytes are read once.</param>
    /// <param name="names">Names of the tensors to include; null for all.</param>
    /// <param name="progress">Receives the finished fraction, 0 to 1.</param>
    /// <param name="cancellationToken">Checked between pieces.</param>
    /// <exception cref="Q2Exception">A file ends early.</exception>
    public static string Of(
        ITensorSource source,
        IReadOnlyCollection<string>? names = null,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(source);
        TensorInfo[] tensors =
        [
            .. source
                .Tensors.Values.Where(tensor => names?.Contains(tensor.Name) != false)
                .OrderBy(tensor => tensor.Name, StringComparer.Ordinal),
        ];
        PieceReader ReaderOf(TensorInfo tensor) =>
            (start, destination) => source.ReadBytes(tensor.Name, start, destination);
        byte[][] data = PieceHasher.Hash(
            [.. tensors.Select(tensor => (tensor.SizeBytes, ReaderOf(tensor)))],
            progress,
            cancellationToken
        );
        using var text = new MemoryStream();
        using (var writer = new BinaryWriter(text, Encoding.UTF8))
        {
            for (int t = 0; t < tensors.Length; t++)
            {
                // Every field is length-prefixed or of fixed size, so that different lists of tensors never give the
                // same bytes.
                writer.Write(tensors[t].Name);
                writer.Write(tensors[t].TypeName);
                writer.Write(tensors[t].Shape.Count);
                foreach (long extent in tensors[t].Shape)
                    writer.Write(extent);
                writer.Write(data[t]);
            }
        }
        return Convert.ToHexStringLower(XxHash128.Hash(text.ToArray()));
    }

    /// <summary>Fingerprint of a file by its bytes.</summary>
    /// <exception cref="Q2Exception">A file becomes shorter while it is read.</exception>
    internal static string OfFile(string path, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(path);
        byte[][] hash = PieceHasher.Hash([(RandomAccess.GetLength(handle), Read)], progress, cancellationToken);
        return Convert.ToHexStringLower(hash[0]);

        void Read(long start, Span<byte> destination)
        {
            while (destination.Length > 0)
            {
                int count = RandomAccess.Read(handle, destination, start);
                if (count == 0)
                    throw new ModelFolderException(
                        $"{path}: the file became shorter while it was read. Is it being written?"
                    );
                destination = destination[count..];
                start += count;
            }
        }
    }
}
