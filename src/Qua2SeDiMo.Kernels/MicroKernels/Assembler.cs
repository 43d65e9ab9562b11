using System.Runtime.InteropServices;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>Writes the few instructions on 512-bit registers that .NET has no function for (EVEX encoding: Intel 64
/// manual, volume 2, section 2.7).</summary>
internal sealed class Assembler
{
    /// <summary>Bytes of a register.</summary>
    internal const int RegisterBytes = 64;

    private readonly List<byte> code = [];

    /// <summary>Bytes written.</summary>
    internal int Length => code.Count;

    /// <summary>The machine code written so far.</summary>
    internal byte[] ToArray() => [.. code];

    /// <summary>Appends bytes unchanged.</summary>
    internal void Bytes(params ReadOnlySpan<byte> bytes) => code.AddRange(bytes);

    /// <summary>Pads with nops to the next cache line.</summary>
    internal void Align()
    {
        while (code.Count % RegisterBytes != 0)
            code.Add(0x90);
    }

    /// <summary><c>vpxord r, r, r</c>.</summary>
    internal void Zero(int register) => Register(1, 1, 0xEF, register, register, register);

    /// <summary><c>vmovdqu32 r, [from + displacement]</c>.</summary>
    internal void Load(int register, int from, int displacement) => Memory(1, 2, 0x6F, register, 0, from, displacement);

    /// <summary><c>vmovdqu32 [to + displacement], r</c>.</summary>
    internal void Store(int register, int to, int displacement) => Memory(1, 2, 0x7F, register, 0, to, displacement);

    /// <summary><c>vpbroadcastd r, [from + displacement]</c>.</summary>
    internal void Broadcast(int register, int from, int displacement) =>
        Memory(2, 1, 0x58, register, 0, from, displacement);

    /// <summary><c>vpdpbusd sum, unsigned, signed</c>: adds products of four bytes to each 32-bit integer (AVX-512
    /// VNNI).</summary>
    internal void DotProduct(int sum, int unsigned, int signed) => Register(2, 1, 0x50, sum, unsigned, signed);

    /// <summary><c>vpmultishiftqb r, shifts, [from]</c>: sets every byte to eight bits of its 64-bit element, beginning
    /// at any bit (AVX-512 VBMI).</summary>
    internal void MultiShift(int register, int shifts, int from) =>
        Memory(2, 1, 0x83, register, shifts, from, 0, wide: true);

    /// <summary><c>vpermb r, indices, table</c>: looks up every byte by its low six bits (AVX-512 VBMI).</summary>
    internal void LookUp(int register, int indices, int table) => Register(2, 1, 0x8D, register, indices, table);

    /// <summary>Appends a conditional jump to a later position, set by <see cref="Land"/>.</summary>
    internal int Jump(byte condition)
    {
        Bytes(0x0F, condition, 0, 0, 0, 0);
        return code.Count;
    }

    /// <summary>Makes the current position the target of a jump.</summary>
    internal void Land(int jump) =>
        BitConverter.TryWriteBytes(CollectionsMarshal.AsSpan(code)[(jump - sizeof(int))..], code.Count - jump);

    /// <summary><c>jnz</c> to an earlier position.</summary>
    internal void JumpBack(int position) =>
        code.AddRange([0x0F, 0x85, .. BitConverter.GetBytes(position - (code.Count + 2 + sizeof(int)))]);

    /// <summary><c>vzeroupper; ret</c>.</summary>
    internal void Return() => Bytes(0xC5, 0xF8, 0x77, 0xC3);

    private void Register(int map, int prefix, byte opcode, int reg, int second, int rm)
    {
        Prefix(map, prefix, reg, second, rm, wide: false);
        Bytes(opcode, (byte)(0xC0 | ((reg & 7) << 3) | (rm & 7)));
    }

    // The memory operand is a base register (one of the first eight, but not the stack pointer) and a 32-bit
    // displacement.
    private void Memory(
        int map,
        int prefix,
        byte opcode,
        int reg,
        int second,
        int from,
        int displacement,
        bool wide = false
    )
    {
        Prefix(map, prefix, reg, second, from, wide);
        Bytes(opcode, (byte)(0x80 | ((reg & 7) << 3) | from));
        code.AddRange(BitConverter.GetBytes(displacement));
    }

    // Bits of register numbers are stored inverted; registers are 512 bits wide.
    private void Prefix(int map, int prefix, int reg, int second, int rm, bool wide)
    {
        int inverted(int bit) => (~bit) & 1;
        Bytes(
            0x62,
            (byte)(
                (inverted(reg >> 3) << 7)
                | (inverted(rm >> 4) << 6)
                | (inverted(rm >> 3) << 5)
                | (inverted(reg >> 4) << 4)
                | map
            ),
            (byte)((wide ? 0x80 : 0) | (((~second) & 15) << 3) | 4 | prefix),
            (byte)(0x40 | (inverted(second >> 4) << 3))
        );
    }
}
