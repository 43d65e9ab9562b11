using System.Numerics.Tensors;

namespace Qua2SeDiMo.Numerics;

/// <summary>Whether numbers are numbers.</summary>
internal static class FiniteNumbers
{
    /// <summary>Whether no value is NaN or infinite; about as fast as memory is read.</summary>
    public static bool All(ReadOnlySpan<float> values) =>
        // A sum of finite magnitudes may overflow, so it only tells that each has to be looked at.
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
