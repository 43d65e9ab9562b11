namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>512-bit vectors with the dot product of bytes.</summary>
internal sealed unsafe class Avx512VnniMicroKernels : Avx512MicroKernels
{
    internal override string Description => "512-bit floats, 512-bit dot products of bytes";

    internal override int IntegersPerWord => 4;

    internal override bool HasIntegerDotProducts => VnniDotProduct.IsSupported;

    internal override void IntegerTile(int* a, int* b, int count, int* c, nint pitch, bool add, int width)
    {
        if (width == 32)
            VnniCode.Run32(a, b, count, c, pitch, add);
        else
            VnniCode.Run16(a, b, count, c, pitch, add);
    }
}

/// <summary>256-bit vectors with the dot product of bytes.</summary>
internal sealed unsafe class AvxVnniMicroKernels : Avx2MicroKernels
{
    internal override string Description => "256-bit floats, 256-bit dot products of bytes";

    internal override int IntegersPerWord => 4;

    internal override void IntegerTile(int* a, int* b, int count, int* c, nint pitch, bool add, int width)
    {
        if (width == 16)
            Tile256<int, ByteMultiplyAdd256>.Run16(a, b, count, c, pitch, add);
        else
            Tile256<int, ByteMultiplyAdd256>.Run8(a, b, count, c, pitch, add);
    }
}
