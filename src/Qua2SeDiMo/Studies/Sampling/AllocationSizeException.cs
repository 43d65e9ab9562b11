using System.Globalization;

namespace Qua2SeDiMo.Studies.Sampling;

/// <summary>A size was asked for that no allocation of the model has.</summary>
internal sealed class AllocationSizeException : Q2Exception
{
    private AllocationSizeException(string message)
        : base(message) { }

    /// <summary>Says which sizes there are.</summary>
    /// <param name="asked">Average bits that were asked for.</param>
    /// <param name="least">Average bits of the smallest allocation.</param>
    /// <param name="most">Average bits of the largest.</param>
    public static AllocationSizeException For(double asked, double least, double most) =>
        new(
            string.Create(
                CultureInfo.InvariantCulture,
                $"No allocation has {asked} average bits: those of this model have {least:f3} to {most:f3}. Ask for a size between."
            )
        );
}
