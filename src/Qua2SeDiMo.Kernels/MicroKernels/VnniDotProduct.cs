using System.Runtime.InteropServices;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>
/// Dot products of packed codes with a few quantized tokens, assembled as <see cref="VnniCode"/> is: the eight bits
/// that begin with a code are extracted from the packed words (AVX-512 VBMI, <c>vpmultishiftqb</c>), looked up in 64
/// bytes, which repeat the palette so that the bits after the code do not matter (<c>vpermb</c>), and multiplied
/// (<c>vpdpbusd</c>): three instructions for 64 weights.
/// </summary>
internal static unsafe class VnniDotProduct
{
    /// <summary>Bytes of a vector.</summary>
    internal const int VectorBytes = Assembler.RegisterBytes;

    /// <summary>Smallest and largest number of bits of a code.</summary>
    internal const int MinBits = 2,
        MaxBits = 4;

    // Vectors of 16 codes that become one vector of words.
    private const int PerWord = 4;

    private static readonly int[] TokenCounts = [1, 2, 4, 8];
    private static readonly nint[] Entries = Assemble();

    /// <summary>Whether the processor has the instructions and the system allowed the page.</summary>
    internal static bool IsSupported => Entries.Length > 0;

    /// <summary>Largest number of tokens.</summary>
    internal static int MaxTokens => TokenCounts[^1];

    /// <summary>Tokens of the smallest loop that holds the given number; missing tokens are zeros.</summary>
    internal static int TokensFor(int tokens) => TokenCounts.First(count => count >= tokens);

    /// <summary>Channels of the loop for the given number of tokens.</summary>
    internal static int ChannelsFor(int tokens) => tokens <= 2 ? 4 : 2;

    /// <summary>Vectors of words into which a block of codes is decoded.</summary>
    internal static int WordVectorsFor(int bits) => ((32 / bits) + PerWord - 1) / PerWord;

    /// <summary>Computes the sums of <see cref="ChannelsFor"/> channels.</summary>
    /// <param name="bits">Bits of a code.</param>
    /// <param name="tokens">One of <see cref="TokensFor"/>.</param>
    /// <param name="frame">Operands, of at least one block, and the destination.</param>
    internal static void Run(int bits, int tokens, DotProductFrame* frame) =>
        ((delegate* unmanaged<DotProductFrame*, void>)Entries[Entry(bits, Array.IndexOf(TokenCounts, tokens))])(frame);

    private static int Entry(int bits, int index) => ((bits - MinBits) * TokenCounts.Length) + index;

    private static nint[] Assemble()
    {
        const int vbmi = 1;
        if (!VnniCode.IsSupported || !VnniCode.HasFeature(vbmi))
            return [];
        var code = new Assembler();
        var offsets = new List<int>();
        for (int bits = MinBits; bits <= MaxBits; bits++)
        {
            foreach (int tokens in TokenCounts)
            {
                code.Align();
                offsets.Add(code.Length);
                Loop(code, ChannelsFor(tokens), tokens + 1, WordVectorsFor(bits));
            }
        }
        nint page = ExecutablePage.Create(code.ToArray());
        return page == 0 ? [] : [.. offsets.Select(offset => page + offset)];
    }

    // Rows are the tokens, then a row of ones.
    private static void Loop(Assembler code, int channels, int rows, int wordVectors)
    {
        // rax, rcx, rdx and rsi point to the codes of the channels, rdi to the inputs.
        ReadOnlySpan<int> codes = [0, 1, 2, 6];
        const int inputs = 7,
            scratch = 6;
        int weight = channels * rows,
            input = weight + channels,
            table = input + 1,
            shifts = table + channels;
        code.Bytes(0x49, 0x89, 0xF8); // mov r8, rdi
        code.Bytes(0x49, 0x8B, 0x70, DotProductFrame.TablesOffset); // mov rsi, [r8 + …]
        for (int i = 0; i < channels; i++)
            code.Load(table + i, scratch, i * VectorBytes);
        code.Bytes(0x49, 0x8B, 0x70, DotProductFrame.ShiftsOffset);
        for (int i = 0; i < wordVectors; i++)
            code.Load(shifts + i, scratch, i * VectorBytes);
        for (int i = 0; i < weight; i++)
            code.Zero(i);
        code.Bytes(0x49, 0x8B, 0x00); // mov rax, [r8]
        code.Bytes(0x49, 0x8B, 0x48, 8); // mov rcx, [r8 + 8]
        code.Bytes(0x49, 0x8B, 0x50, 16); // mov rdx, [r8 + 16]
        code.Bytes(0x49, 0x8B, 0x70, 24); // mov rsi, [r8 + 24]
        code.Bytes(0x49, 0x8B, 0x78, DotProductFrame.InputsOffset); // mov rdi, [r8 + …]
        code.Bytes(0x4D, 0x8B, 0x48, DotProductFrame.BlocksOffset); // mov r9, [r8 + …]
        int loop = code.Length;
        for (int vector = 0; vector < wordVectors; vector++)
        {
            for (int i = 0; i < channels; i++)
            {
                code.MultiShift(weight + i, shifts + vector, codes[i]);
                code.LookUp(weight + i, weight + i, table + i);
            }
            for (int row = 0; row < rows; row++)
            {
                code.Load(input, inputs, ((vector * rows) + row) * VectorBytes);
                for (int i = 0; i < channels; i++)
                    code.DotProduct((i * rows) + row, input, weight + i);
            }
        }
        code.Bytes(0x48, 0x83, 0xC0, VectorBytes); // add rax, 64
        code.Bytes(0x48, 0x83, 0xC1, VectorBytes); // add rcx, 64
        code.Bytes(0x48, 0x83, 0xC2, VectorBytes); // add rdx, 64
        code.Bytes(0x48, 0x83, 0xC6, VectorBytes); // add rsi, 64
        code.Bytes([0x48, 0x81, 0xC7, .. BitConverter.GetBytes(wordVectors * rows * VectorBytes)]); // add rdi, …
        code.Bytes(0x49, 0xFF, 0xC9); // dec r9
        code.JumpBack(loop);
        code.Bytes(0x49, 0x8B, 0x78, DotProductFrame.SumsOffset); // mov rdi, [r8 + …]
        for (int i = 0; i < weight; i++)
            code.Store(i, inputs, i * VectorBytes);
        code.Return();
    }
}

/// <summary>The arguments of <see cref="VnniDotProduct.Run"/>, at the offsets that its machine code reads.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct DotProductFrame
{
    internal const int InputsOffset = 32,
        BlocksOffset = 40,
        TablesOffset = 48,
        ShiftsOffset = 56,
        SumsOffset = 64;

    /// <summary>Address of the first packed block of each channel; the last two are not used by loops over two
    /// channels.</summary>
    internal fixed ulong Codes[4];

    /// <summary>[block, word vector, token and then a row of ones, 64].</summary>
    internal byte* Inputs;

    /// <summary>Blocks, at least 1.</summary>
    internal nint Blocks;

    /// <summary>64 signed bytes of each channel.</summary>
    internal sbyte* Tables;

    /// <summary>64 bytes for each word vector: the bit of its 64-bit element at which a byte's code begins.</summary>
    internal byte* Shifts;

    /// <summary>[channel, token and then the row of ones, 16].</summary>
    internal int* Sums;
}
