using System.Globalization;
using System.Text;

namespace Qua2SeDiMo.Cli;

/// <summary>
/// Standard output and standard error of the program. After a write to one of them has failed, nothing more is written
/// to it and the work continues, so that results in files are complete. A pipe whose reader has ended (<c>| head</c>)
/// is not a failure: .NET ignores writes to it.
/// </summary>
internal sealed class OutputStreams
{
    private readonly GuardedWriter output;

    private OutputStreams(GuardedWriter output) => this.output = output;

    /// <summary>Why a write to standard output failed; null if none did.</summary>
    internal string? Failure => output.Failure;

    /// <summary>Replaces both console streams by guarded ones.</summary>
    internal static OutputStreams Guard()
    {
        var streams = new OutputStreams(new GuardedWriter(Console.Out, IsClosed(1)));
        Console.SetOut(streams.output);
        Console.SetError(new GuardedWriter(Console.Error, IsClosed(2)));
        return streams;
    }

    // If a stream was closed before the program started, its descriptor may by now belong to a file or pipe of the
    // runtime, which must not receive the program's output. Inherited descriptors never have the close-on-exec flag;
    // those that the runtime opens always have it.
    private static bool IsClosed(int descriptor)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        try
        {
            string flags = File.ReadLines(
                    string.Create(CultureInfo.InvariantCulture, $"/proc/self/fdinfo/{descriptor}")
                )
                .First(line => line.StartsWith("flags:", StringComparison.Ordinal));
            const int CloseOnExecution = 0x80000;
            return (Convert.ToInt32(flags["flags:".Length..].Trim(), 8) & CloseOnExecution) != 0;
        }
        catch (FileNotFoundException)
        {
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Without /proc, the first write detects a closed stream.
            return false;
        }
    }

    private sealed class GuardedWriter(TextWriter inner, bool isClosed) : TextWriter(CultureInfo.InvariantCulture)
    {
        internal string? Failure { get; private set; } = isClosed ? "it is closed" : null;

        public override Encoding Encoding => inner.Encoding;

        public override void Write(char value) => Write([value]);

        public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

        public override void Write(string? value) => Write(value.AsSpan());

        public override void WriteLine(string? value) => Write(value + Environment.NewLine);

        public override void Write(ReadOnlySpan<char> buffer)
        {
            if (Failure is not null)
                return;
            try
            {
                inner.Write(buffer);
                inner.Flush();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                Failure = exception.Message;
            }
        }

        public override void Flush()
        {
            // Every write is flushed immediately.
        }
    }
}
