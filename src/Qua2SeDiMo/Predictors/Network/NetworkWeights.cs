namespace Qua2SeDiMo.Predictors.Network;

/// <summary>Two flat arrays of a network: parameters and running statistics, or first and second moments.</summary>
internal sealed record NetworkWeights(float[] First, float[] Second)
{
    /// <summary>Whether the arrays have the lengths of <paramref name="like"/>'s and all values are finite.</summary>
    public bool Fit(NetworkWeights like) =>
        First.Length == like.First.Length
        && Second.Length == like.Second.Length
        && First.All(float.IsFinite)
        && Second.All(float.IsFinite);
}
