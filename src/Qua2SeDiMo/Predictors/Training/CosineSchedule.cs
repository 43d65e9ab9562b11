namespace Qua2SeDiMo.Predictors.Training;

/// <summary>Learning rate that falls to zero along half a cosine (Loshchilov and Hutter, ICLR 2017).</summary>
/// <param name="Start">Rate of step 0.</param>
/// <param name="Steps">Step at which the rate reaches zero.</param>
internal sealed record CosineSchedule(double Start, int Steps)
{
    /// <summary>Rate of a step, counted from 0.</summary>
    public double Rate(int step) => Start * (1 + Math.Cos(Math.PI * step / Steps)) / 2;
}
