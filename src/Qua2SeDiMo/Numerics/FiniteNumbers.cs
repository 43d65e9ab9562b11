using System.Numerics.Tensors;

namespace Qua2SeDiMo.Numerics;

/// <summary>Checks numbers for NaN and infinity.</summary>
internal static class FiniteNumbers
{
    /// <summary>Whether no value is NaN or infinite. For finite values it is about as fast as reading the
    /// memory.</summary>
    public static bool All(ReadOnlySpan<float> values) =>
        // A finite sum proves that all values are finite. An infinite one may be an overflow, so each value is checked
        // then.
        float.IsFinite(TensorPrimitives.SumOfMagnitudes(values)) || EachIsFinite(values);

    private static bool EachIsFinite(ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
                return false;
        }
        return true;
    }
}
