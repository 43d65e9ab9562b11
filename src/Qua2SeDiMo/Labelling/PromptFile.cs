using System.Text;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Labelling;

/// <summary>Reads text files with one prompt per line: UTF-8, or UTF-16 with a byte-order mark, with any line ends.
/// Whitespace at both ends of a line is removed.</summary>
internal static class PromptFile
{
    internal const long MaximumBytes = 64L << 20;

    /// <summary>The prompts of a file in order; blank lines are skipped.</summary>
    /// <exception cref="ModelFolderException">The file is missing, is not text, is too large, or has no
    /// prompt.</exception>
    public static IReadOnlyList<string> Read(string path)
    {
        string[] prompts = [.. ReadLines(path).Where(line => line.Length > 0)];
        return prompts.Length > 0
            ? prompts
            : throw new ModelFolderException($"{path}: no prompts; one a line is expected.");
    }

    /// <summary>All lines of a file, trimmed, blank ones included.</summary>
    /// <exception cref="ModelFolderException">The file is missing, is not text, or is too large.</exception>
    public static IReadOnlyList<string> ReadLines(string path)
    {
        if (!File.Exists(path))
            throw new ModelFolderException($"{path}: there is no such text file with one prompt a line.");
        var lines = new List<string>();
        try
        {
            using var reader = new StreamReader(
                ReadBounded(path),
                new UTF8Encoding(false, throwOnInvalidBytes: true),
                detectEncodingFromByteOrderMarks: true
            );
            while (reader.ReadLine() is { } line)
            {
                if (line.Contains('\0', StringComparison.Ordinal))
                    throw new ModelFolderException(
                        $"{path}: line {lines.Count + 1} holds a zero byte, so this is no text file; one prompt a line is expected."
                    );
                lines.Add(line.Trim());
            }
        }
        catch (DecoderFallbackException error)
        {
            throw new ModelFolderException(
                $"{path}: not UTF-8 text near line {lines.Count + 1}; save it as UTF-8, one prompt a line.",
                error
            );
        }
        return lines;
    }

    // Reads up to a limit instead of trusting the length: that of a pipe is unknown, and a device may never end.
    private static MemoryStream ReadBounded(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
            var bytes = new MemoryStream();
            byte[] part = new byte[1 << 16];
            for (int read; (read = file.Read(part)) > 0; bytes.Write(part, 0, read))
            {
                if (bytes.Length + read > MaximumBytes)
                    throw new ModelFolderException(
                        $"{path}: larger than {MaximumBytes >> 20} MiB, which no list of prompts is."
                    );
            }
            bytes.Position = 0;
            return bytes;
        }
        catch (Exception error) when (StorageException.Explains(error))
        {
            throw StorageException.For(path, error);
        }
    }
}
