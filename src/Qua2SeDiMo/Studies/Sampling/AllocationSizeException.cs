using System.Globalization;

namespace Qua2SeDiMo.Studies.Sampling;

/// <summary>Thrown when no allocation of the model has the requested size.</summary>
internal sealed class AllocationSizeException : Q2Exception
{
    private AllocationSizeException(string message)
        : base(message) { }

    /// <summary>Creates the exception; the message gives the possible range.</summary>
    /// <param name="asked">Requested average bits.</param>
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
