using System.Globalization;
using System.Text;

namespace Qua2SeDiMo.Cli;

/// <summary>
/// Standard output and standard error of the program. Where one is closed or full, nothing more is written to it and
/// the work goes on, so that results in files are complete. A reader that has enough (<c>| head</c>) is no failure at
/// all; the system drops what it does not take.
/// </summary>
internal sealed class OutputStreams
{
    private readonly GuardedWriter output;

    private OutputStreams(GuardedWriter output) => this.output = output;

    /// <summary>Why standard output did not take everything; null if it did.</summary>
    internal string? Failure => output.Failure;

    /// <summary>Puts guards around both streams.</summary>
    internal static OutputStreams Guard()
    {
        var streams = new OutputStreams(new GuardedWriter(Console.Out, IsClosed(1)));
        Console.SetOut(streams.output);
        Console.SetError(new GuardedWriter(Console.Error, IsClosed(2)));
        return streams;
    }

    // A stream that was closed before the program began may by now be a file or pipe of the runtime, which must get
    // none of our words. What a process is given never has the flag "close on execution"; what the runtime opens always
    // has.
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
            // Without /proc the first write finds out.
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
            // Each piece is flushed where it is written.
        }
    }
}
