using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Diffusion.RandomSources;

/// <summary>
/// The random stream of PyTorch's CPU generator: equal seeds give equal starting noise, and so reproduce images.
/// Normals are made by the method of Box and Muller (1958) in one of two orders: requests of at least 16 values in
/// blocks of 16, shorter ones value by value in double precision, where the second value of a pair is kept for the next
/// request.
/// </summary>
internal sealed class TorchGenerator
{
    private const int BlockLength = 16;
    private const int HalfBlock = BlockLength / 2;
    private readonly MersenneTwister engine;
    private double waiting;
    private bool isWaiting;

    /// <summary>
    /// Starts the stream that <c>torch.Generator("cpu").manual_seed(seed)</c> starts; PyTorch maps a negative seed −n
    /// to 2^64 − n. Only the lower 32 bits of the seed are used.
    /// </summary>
    public TorchGenerator(ulong seed) => engine = new MersenneTwister(unchecked((uint)seed));

    /// <summary>A uniform 32-bit integer: <c>torch.randint(0, 2**32)</c>, which draws two words of the engine and
    /// returns the second.</summary>
    public uint NextUInt32() => unchecked((uint)engine.NextUInt64());

    /// <summary>Writes uniform values in [0, 1): <c>torch.rand</c> in single precision.</summary>
    public void Uniform(Span<float> destination)
    {
        for (int i = 0; i < destination.Length; i++)
            destination[i] = (engine.NextUInt32() & 0xffffffu) * (1f / 0x1000000);
    }

    /// <summary>Writes standard normals: one call of <c>torch.randn</c> in single precision.</summary>
    public void Normal(Span<float> destination) => Normal(destination, ElementType.Float32);

    /// <summary>Writes standard normals: one call of <c>torch.randn</c> in double precision.</summary>
    public void Normal(Span<double> destination)
    {
        if (destination.Length < BlockLength)
        {
            for (int i = 0; i < destination.Length; i++)
                destination[i] = NextNormal();
            return;
        }
        for (int i = 0; i < destination.Length; i++)
            destination[i] = UniformDouble();
        int full = destination.Length / BlockLength * BlockLength;
        for (int i = 0; i < full; i += BlockLength)
            Transform(destination.Slice(i, BlockLength));
        if (full == destination.Length)
            return;
        // When the length is not a multiple of 16, the last 16 values are drawn again and overwrite part of the
        // previous block.
        Span<double> last = destination[^BlockLength..];
        for (int i = 0; i < BlockLength; i++)
            last[i] = UniformDouble();
        Transform(last);
    }

    /// <summary>Writes standard normals: one call of <c>torch.randn</c> in the given type, widened or rounded to single
    /// precision.</summary>
    /// <param name="destination">One value per element of the requested tensor, row-major.</param>
    /// <param name="type">
    /// Float32, Float16, BFloat16 or Float64. A half-precision request of a length that is not a multiple of 16
    /// consumes fewer words than a single-precision one, so its last values are not roundings of the same normals.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not a floating-point type.</exception>
    public void Normal(Span<float> destination, ElementType type)
    {
        if (type is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16 or ElementType.Float64))
        {
            throw new ArgumentOutOfRangeException(nameof(type), type, "Normals are drawn in a floating-point type.");
        }
        if (type == ElementType.Float64)
        {
            double[] wide = new double[destination.Length];
            Normal(wide);
            for (int i = 0; i < wide.Length; i++)
                destination[i] = (float)wide[i];
            return;
        }
        if (destination.Length < BlockLength)
        {
            for (int i = 0; i < destination.Length; i++)
                destination[i] = Round(NextNormal(), type);
            return;
        }
        int full = destination.Length / BlockLength * BlockLength;
        // Single precision draws all its uniforms before the first transform; half precision draws block by block.
        Uniform(destination[..(type == ElementType.Float32 ? destination.Length : full)]);
        for (int i = 0; i < full; i += BlockLength)
            Transform(destination.Slice(i, BlockLength), type);
        if (full == destination.Length)
            return;
        Span<float> last = destination[^BlockLength..];
        Uniform(last);
        Transform(last, type);
    }

    // u1 and u2 of pair j are at j and j + 8; 1 - u keeps the logarithm's argument in (0, 1].
    private static void Transform(Span<double> block)
    {
        for (int j = 0; j < HalfBlock; j++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - block[j]));
            (double sine, double cosine) = Math.SinCos(2 * Math.PI * block[j + HalfBlock]);
            block[j] = radius * cosine;
            block[j + HalfBlock] = radius * sine;
        }
    }

    // Single precision throughout, as in PyTorch: rounding the angle determines most of the last digit.
    private static void Transform(Span<float> block, ElementType type)
    {
        for (int j = 0; j < HalfBlock; j++)
        {
            float radius = MathF.Sqrt(-2f * MathF.Log(1f - block[j]));
            (float sine, float cosine) = MathF.SinCos(2f * MathF.PI * block[j + HalfBlock]);
            block[j] = Round(radius * cosine, type);
            block[j + HalfBlock] = Round(radius * sine, type);
        }
    }

    private double NextNormal()
    {
        if (isWaiting)
        {
            isWaiting = false;
            return waiting;
        }
        double u1 = UniformDouble();
        double u2 = UniformDouble();
        double radius = Math.Sqrt(-2 * LogOnePlus(-u2));
        (double sine, double cosine) = Math.SinCos(2 * Math.PI * u1);
        waiting = radius * sine;
        isWaiting = true;
        return radius * cosine;
    }

    // log(1 + x) without losing the digits of a small x (Goldberg, ACM Computing Surveys 23, 1991, theorem 4).
    private static double LogOnePlus(double x)
    {
        double sum = 1 + x;
        return sum == 1 ? x : Math.Log(sum) * x / (sum - 1);
    }

    private double UniformDouble() => (engine.NextUInt64() & ((1UL << 53) - 1)) * (1.0 / (1UL << 53));

    private static float Round(double value, ElementType type) =>
        type switch
        {
            ElementType.Float16 => (float)(Half)value,
            ElementType.BFloat16 => BFloat16.Round((float)value),
            _ => (float)value,
        };
}
