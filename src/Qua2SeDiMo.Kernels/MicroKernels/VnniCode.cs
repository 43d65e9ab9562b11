using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>
/// The integer tile on the 512-bit dot product of bytes (AVX-512 VNNI, <c>vpdpbusd</c>). .NET exposes only its 256-bit
/// form on processors with AVX-VNNI, so these two loops are assembled once per process. Where the system forbids
/// executable pages, the variant is unsupported and another one runs. Linux on x64 (System V calling convention).
/// </summary>
internal static unsafe class VnniCode
{
    // Register numbers of the processor's manual. Arguments are a (rdi), b (rsi), count (rdx), c (rcx), pitch in bytes
    // (r8) and add (r9); rax points to the row of c that is loaded.
    private const int A = 7,
        B = 6,
        C = 1,
        Walker = 0;
    private const int FirstInput = 24,
        Weight = 26;

    private static readonly (nint Wide, nint Narrow) Entry = Assemble();

    /// <summary>Whether the processor has the instruction and the system allowed the page.</summary>
    internal static bool IsSupported => Entry.Wide != 0;

    /// <summary>c[i, t] (+)= Σ a[i, k]·b[k, t] of 12 channels and 32 tokens; a word of a is four signed bytes, one of b
    /// four unsigned ones.</summary>
    internal static void Run32(int* a, int* b, int count, int* c, nint pitch, bool add) =>
        ((delegate* unmanaged<int*, int*, nint, int*, nint, nint, void>)Entry.Wide)(
            a,
            b,
            count,
            c,
            pitch * sizeof(int),
            add ? 1 : 0
        );

    /// <summary>c[i, t] (+)= Σ a[i, k]·b[k, t] of 12 channels and 16 tokens; words as in <see cref="Run32"/>.</summary>
    internal static void Run16(int* a, int* b, int count, int* c, nint pitch, bool add) =>
        ((delegate* unmanaged<int*, int*, nint, int*, nint, nint, void>)Entry.Narrow)(
            a,
            b,
            count,
            c,
            pitch * sizeof(int),
            add ? 1 : 0
        );

    /// <summary>Whether a bit of CPUID leaf 7, register ecx, is set on a processor whose 512-bit registers may be
    /// used.</summary>
    internal static bool HasFeature(int bit) =>
        RuntimeInformation.ProcessArchitecture == Architecture.X64
        && Avx512BW.IsSupported
        && (X86Base.CpuId(7, 0).Ecx & (1 << bit)) != 0;

    private static (nint Wide, nint Narrow) Assemble()
    {
        const int vnni = 11;
        if (!HasFeature(vnni))
            return default;
        var code = new Assembler();
        Loop(code, vectors: 2);
        code.Align();
        int second = code.Length;
        Loop(code, vectors: 1);
        nint page = ExecutablePage.Create(code.ToArray());
        return page == 0 ? default : (page, page + second);
    }

    private static void Loop(Assembler code, int vectors)
    {
        const int channels = Avx512MicroKernels.Channels;
        code.Bytes(0x4D, 0x85, 0xC9); // test r9, r9
        int addJump = code.Jump(0x85); // jnz load
        for (int i = 0; i < channels * vectors; i++)
            code.Zero(i);
        int startJump = code.Jump(0x84); // jz loop: the flags are still those of the test
        code.Land(addJump);
        code.Bytes(0x48, 0x89, 0xC8); // mov rax, rcx
        for (int i = 0; i < channels; i++)
        {
            for (int v = 0; v < vectors; v++)
                code.Load((i * vectors) + v, Walker, v * Assembler.RegisterBytes);
            code.Bytes(0x4C, 0x01, 0xC0); // add rax, r8
        }
        code.Land(startJump);
        int loop = code.Length;
        for (int v = 0; v < vectors; v++)
            code.Load(FirstInput + v, B, v * Assembler.RegisterBytes);
        for (int i = 0; i < channels; i++)
        {
            code.Broadcast(Weight, A, i * PanelGeometry.Stride * sizeof(int));
            for (int v = 0; v < vectors; v++)
                code.DotProduct((i * vectors) + v, FirstInput + v, Weight);
        }
        code.Bytes([0x48, 0x81, 0xC6, .. BitConverter.GetBytes(vectors * Assembler.RegisterBytes)]); // add rsi, bytes of the inputs
        code.Bytes(0x48, 0x83, 0xC7, sizeof(int)); // add rdi, 4
        code.Bytes(0x48, 0xFF, 0xCA); // dec rdx
        code.JumpBack(loop);
        for (int i = 0; i < channels; i++)
        {
            for (int v = 0; v < vectors; v++)
                code.Store((i * vectors) + v, C, v * Assembler.RegisterBytes);
            code.Bytes(0x4C, 0x01, 0xC1); // add rcx, r8
        }
        code.Return();
    }
}
