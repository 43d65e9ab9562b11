using System.Runtime.InteropServices;

namespace Qua2SeDiMo.Quantizers.Kernels;

/// <summary>
/// The integer tile on the 512-bit dot product of bytes (AVX-512 VNNI, <c>vpdpbusd</c>). .NET exposes only its 256-bit form on processors with
/// AVX-VNNI, so these two loops are assembled here, once, into a page that is then made read-only and executable. Where the system
/// forbids that, the variant counts as unsupported and another one runs. Linux on x64 (System V calling convention).
/// </summary>
internal static unsafe partial class VnniCode
{
    private const int Read = 1, Write = 2, Execute = 4, PrivateAnonymous = 0x22, PageBytes = 8192;

    // Registers by number, as in the processor's manual: arguments a, b, count, c, pitch in bytes, add; rax walks over c.
    private const int A = 7, B = 6, C = 1, Walker = 0;
    private const int FirstInput = 24, Weight = 26;

    private static readonly (nint Wide, nint Narrow) Entry = Assemble();

    /// <summary>Whether the processor has the instruction and the system allowed the page.</summary>
    internal static bool IsSupported => Entry.Wide != 0;

    /// <summary>c[i, t] (+)= Σ a[i, k]·b[k, t] of 12 channels and 32 tokens; a word of a is four signed bytes, one of b four unsigned ones.</summary>
    internal static void Run32(int* a, int* b, int count, int* c, nint pitch, bool add) =>
        ((delegate* unmanaged<int*, int*, nint, int*, nint, nint, void>)Entry.Wide)(a, b, count, c, pitch * sizeof(int), add ? 1 : 0);

    /// <summary>The same of 16 tokens.</summary>
    internal static void Run16(int* a, int* b, int count, int* c, nint pitch, bool add) =>
        ((delegate* unmanaged<int*, int*, nint, int*, nint, nint, void>)Entry.Narrow)(a, b, count, c, pitch * sizeof(int), add ? 1 : 0);

    private static (nint Wide, nint Narrow) Assemble()
    {
        if (!HasInstruction() || !OperatingSystem.IsLinux()) return default;
        nint page = Map(0, PageBytes, Read | Write, PrivateAnonymous, -1, 0);
        if (page is 0 or -1) return default;
        var code = new List<byte>();
        Loop(code, vectors: 2);
        while (code.Count % 64 != 0) code.Add(0x90);
        int second = code.Count;
        Loop(code, vectors: 1);
        Marshal.Copy([.. code], 0, page, code.Count);
        if (Protect(page, PageBytes, Read | Execute) != 0) return default;
        return (page, page + second);
    }

    // CPUID leaf 7: bit 11 of ecx is AVX512_VNNI. That 512-bit registers may be used is what the runtime's own check of AVX-512 says.
    private static bool HasInstruction() =>
        RuntimeInformation.ProcessArchitecture == Architecture.X64 && System.Runtime.Intrinsics.X86.Avx512BW.IsSupported
        && (System.Runtime.Intrinsics.X86.X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0;

    private static void Loop(List<byte> code, int vectors)
    {
        const int channels = Tile512.Channels, registerBytes = 64;
        int addJump, startJump;
        code.AddRange([0x4D, 0x85, 0xC9]); // test r9, r9
        addJump = Jump(code, 0x85); // jnz load
        for (int i = 0; i < channels * vectors; i++) Register(code, map: 1, prefix: 1, opcode: 0xEF, i, i, i); // vpxord
        startJump = Jump(code, 0x84); // jz loop: the flags are still those of the test
        Land(code, addJump);
        code.AddRange([0x48, 0x89, 0xC8]); // mov rax, rcx
        for (int i = 0; i < channels; i++)
        {
            for (int v = 0; v < vectors; v++) Memory(code, map: 1, prefix: 2, opcode: 0x6F, (i * vectors) + v, Walker, v * registerBytes); // vmovdqu32
            code.AddRange([0x4C, 0x01, 0xC0]); // add rax, r8
        }
        Land(code, startJump);
        int loop = code.Count;
        for (int v = 0; v < vectors; v++) Memory(code, map: 1, prefix: 2, opcode: 0x6F, FirstInput + v, B, v * registerBytes);
        for (int i = 0; i < channels; i++)
        {
            Memory(code, map: 2, prefix: 1, opcode: 0x58, Weight, A, i * PanelProduct.Stride * sizeof(int)); // vpbroadcastd
            for (int v = 0; v < vectors; v++) Register(code, map: 2, prefix: 1, opcode: 0x50, (i * vectors) + v, FirstInput + v, Weight); // vpdpbusd
        }
        code.AddRange([0x48, 0x81, 0xC6]); // add rsi, bytes of the inputs
        code.AddRange(BitConverter.GetBytes(vectors * registerBytes));
        code.AddRange([0x48, 0x83, 0xC7, sizeof(int)]); // add rdi, 4
        code.AddRange([0x48, 0xFF, 0xCA, 0x0F, 0x85]); // dec rdx; jnz loop
        code.AddRange(BitConverter.GetBytes(loop - (code.Count + sizeof(int))));
        for (int i = 0; i < channels; i++)
        {
            for (int v = 0; v < vectors; v++) Memory(code, map: 1, prefix: 2, opcode: 0x7F, (i * vectors) + v, C, v * registerBytes);
            code.AddRange([0x4C, 0x01, 0xC1]); // add rcx, r8
        }
        code.AddRange([0xC5, 0xF8, 0x77, 0xC3]); // vzeroupper; ret
    }

    // EVEX prefix: bits of register numbers are stored inverted; registers are 512 bits wide.
    private static void Prefix(List<byte> code, int map, int prefix, int reg, int second, int rmHigh)
    {
        int inverted(int bit) => (~bit) & 1;
        code.Add(0x62);
        code.Add((byte)((inverted(reg >> 3) << 7) | (inverted(rmHigh >> 4) << 6) | (inverted(rmHigh >> 3) << 5) | (inverted(reg >> 4) << 4) | map));
        code.Add((byte)((((~second) & 15) << 3) | 4 | prefix));
        code.Add((byte)(0x40 | (inverted(second >> 4) << 3)));
    }

    private static void Register(List<byte> code, int map, int prefix, byte opcode, int reg, int second, int rm)
    {
        Prefix(code, map, prefix, reg, second, rm);
        code.AddRange([opcode, (byte)(0xC0 | ((reg & 7) << 3) | (rm & 7))]);
    }

    // Base register and 32-bit displacement.
    private static void Memory(List<byte> code, int map, int prefix, byte opcode, int reg, int from, int displacement)
    {
        Prefix(code, map, prefix, reg, 0, from);
        code.AddRange([opcode, (byte)(0x80 | ((reg & 7) << 3) | from)]);
        code.AddRange(BitConverter.GetBytes(displacement));
    }

    private static int Jump(List<byte> code, byte condition)
    {
        code.AddRange([0x0F, condition, 0, 0, 0, 0]);
        return code.Count;
    }

    private static void Land(List<byte> code, int jump) => BitConverter.TryWriteBytes(CollectionsMarshal.AsSpan(code)[(jump - sizeof(int))..], code.Count - jump);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = false)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Map(nint address, nint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Protect(nint address, nint length, int protection);
}
