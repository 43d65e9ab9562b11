namespace Qua2SeDiMo.Predictors.Network;

/// <summary>Two flat arrays of a network: parameters and running statistics, or two kinds of moments.</summary>
internal sealed record NetworkWeights(float[] First, float[] Second)
{
    /// <summary>Whether the arrays are as long as others and hold numbers.</summary>
    public bool Fit(NetworkWeights like) =>
        First.Length == like.First.Length
        && Second.Length == like.Second.Length
        && First.All(float.IsFinite)
        && Second.All(float.IsFinite);
}
