using System.Runtime.InteropServices;

namespace Qua2SeDiMo.Tests.Kernels;

/// <summary>Memory adjacent to an inaccessible page, so that an access outside of the buffer crashes the test
/// run.</summary>
internal sealed unsafe partial class GuardedBuffer : IDisposable
{
    private const int PageBytes = 4096,
        ReadWrite = 3,
        None = 0,
        PrivateAnonymous = 0x22;

    private readonly nint start;
    private readonly nint bytes;

    /// <summary>Reserves memory between two inaccessible pages.</summary>
    /// <param name="length">Length in bytes.</param>
    /// <param name="atEnd">Whether the last byte is directly before the second inaccessible page; else the first byte
    /// is directly after the first one.</param>
    internal GuardedBuffer(int length, bool atEnd)
    {
        int inner = (length + PageBytes - 1) / PageBytes * PageBytes;
        bytes = inner + (2 * PageBytes);
        start = Map(0, bytes, ReadWrite, PrivateAnonymous, -1, 0);
        if (
            start is 0 or -1
            || Protect(start, PageBytes, None) != 0
            || Protect(start + PageBytes + inner, PageBytes, None) != 0
        )
            throw new InvalidOperationException("No guarded memory.");
        Pointer = (byte*)(start + PageBytes + (atEnd ? inner - length : 0));
        Length = length;
    }

    internal byte* Pointer { get; }

    internal int Length { get; }

    internal Span<float> Floats => new(Pointer, Length / sizeof(float));

    public void Dispose() => _ = Unmap(start, bytes);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nint length);
}
