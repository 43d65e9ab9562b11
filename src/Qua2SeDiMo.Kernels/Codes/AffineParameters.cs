namespace Qua2SeDiMo.Kernels.Codes;

/// <summary>Scales Δ and zero points z of UAQ, one of each per output channel: value of code i is Δ·(i − z).</summary>
/// <param name="Scales">Δ, in weight units, positive.</param>
/// <param name="ZeroPoints">z, integer-valued; may lie outside [0, 2^bits − 1].</param>
public sealed record AffineParameters(float[] Scales, float[] ZeroPoints)
{
    /// <summary>The palettes that follow from the parameters, in single precision.</summary>
    /// <param name="bits">Bits of one code.</param>
    /// <returns>Row-major [channels, 2^bits], ascending.</returns>
    public float[] ToPalettes(int bits)
    {
        int length = 1 << bits;
        float[] palettes = new float[Scales.Length * length];
        for (int channel = 0; channel < Scales.Length; channel++)
        {
            for (int code = 0; code < length; code++)
                palettes[(channel * length) + code] = (code - ZeroPoints[channel]) * Scales[channel];
        }
        return palettes;
    }
}
