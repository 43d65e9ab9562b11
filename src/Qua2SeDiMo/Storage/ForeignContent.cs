using System.Text;

namespace Qua2SeDiMo.Storage;

/// <summary>Recognises, by its first bytes, a file that is not what its name promises: a placeholder from a failed
/// download or a clone, or another format.</summary>
internal static class ForeignContent
{
    /// <summary>Number of bytes from the beginning of a file that are checked.</summary>
    public const int StartBytes = 512;

    private const string LfsStart = "version https://git-lfs.github.com/spec/",
        LfsSize = "\nsize ";

    // Plain-text answers that servers send instead of a file.
    private static readonly string[] Answers =
    [
        "Entry not found",
        "Repository not found",
        "Revision not found",
        "Access to model",
        "Invalid username or password",
        "Invalid credentials",
        "Not Found",
        "404: Not Found",
        "{\"error\"",
    ];

    /// <summary>Describes a placeholder: a pointer file, a web page or a server's answer. Null for anything
    /// else.</summary>
    /// <param name="start">The file's first bytes, up to <see cref="StartBytes"/>.</param>
    /// <returns>Text to follow the file's path in a message.</returns>
    public static string? Placeholder(ReadOnlySpan<byte> start)
    {
        string text = Encoding.Latin1.GetString(start[..Math.Min(start.Length, StartBytes)]);
        if (text.StartsWith(LfsStart, StringComparison.Ordinal))
        {
            int size = text.IndexOf(LfsSize, StringComparison.Ordinal);
            string bytes =
                size < 0
                    ? ""
                    : new string([.. text.AsSpan(size + LfsSize.Length).ToArray().TakeWhile(char.IsAsciiDigit)]);
            return $"this is a Git LFS pointer, not the file{(bytes.Length > 0 ? $" of {bytes} bytes that it stands for" : "")}. Run "
                + "'git lfs pull' in the clone, or download the file itself.";
        }
        if (text.StartsWith("# xet ", StringComparison.Ordinal))
        {
            return "this is a Xet pointer, not the file that it stands for. Fetch the files with git-xet, or download the file itself.";
        }
        if (text.StartsWith("/annex/objects/", StringComparison.Ordinal))
        {
            return "this is a git-annex pointer, not the file that it stands for. Run 'git annex get' in the clone.";
        }
        string trimmed = text.TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\t', '\r', '\n');
        if (
            new[] { "<!doctype", "<html", "<head", "<?xml", "<!--" }.Any(tag =>
                trimmed.StartsWith(tag, StringComparison.OrdinalIgnoreCase)
            )
        )
        {
            return "this is a web page (HTML or XML), not the file. Download the file itself: on Hugging Face its address has /resolve/ "
                + "where the page's has /blob/.";
        }
        return Answers.FirstOrDefault(answer => trimmed.StartsWith(answer, StringComparison.OrdinalIgnoreCase)) is null
            ? null
            : $"this is a server's answer ('{Line(trimmed)}'), not the file. Download it again, signed in where the model asks for it.";
    }

    /// <summary>Describes a binary file of another format than expected, an empty file or a placeholder. Null if
    /// nothing is recognised.</summary>
    public static string? Format(ReadOnlySpan<byte> start)
    {
        if (start.Length == 0)
            return "the file is empty; was the download complete?";
        if (Placeholder(start) is { } placeholder)
            return placeholder;
        if (start.StartsWith("PK\u0003\u0004"u8) || (start[0] == 0x80 && start.Length > 1 && start[1] is >= 2 and <= 5))
        {
            return "this is a pickle of PyTorch, which can run code when it is opened and is never read. Save the model as safetensors "
                + "(save_pretrained of diffusers does).";
        }
        if (start.StartsWith("GGUF"u8))
        {
            return "this is a GGUF file, whose weights another program quantized. Take the model from before that.";
        }
        if (start.StartsWith(new byte[] { 0x1F, 0x8B }))
            return "this is compressed with gzip; unpack it first.";
        if (start.StartsWith(new byte[] { 0x89, 0x48, 0x44, 0x46 }))
            return "this is an HDF5 file of Keras, which is not read.";
        return null;
    }

    /// <summary>Reads the first bytes of a file for the other members; none for a pipe or a device.</summary>
    /// <exception cref="InputFileException">The file is missing or a folder.</exception>
    internal static byte[] StartOf(string path)
    {
        long length = RegularFile.Length(path);
        if (length == 0)
            return [];
        using FileStream stream = RegularFile.Open(path);
        byte[] start = new byte[Math.Min(StartBytes, length)];
        return start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
    }

    private static string Line(string text) =>
        new([.. text.Split('\n')[0].Where(letter => letter is >= ' ' and < '\u007F').Take(80)]);
}
