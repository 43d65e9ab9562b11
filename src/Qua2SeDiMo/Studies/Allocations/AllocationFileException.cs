namespace Qua2SeDiMo.Studies.Allocations;

/// <summary>Thrown when a file of allocations cannot be read or does not fit the model.</summary>
internal sealed class AllocationFileException : Q2Exception
{
    /// <summary>Creates the exception with a message for the user.</summary>
    public AllocationFileException(string message, Exception? inner = null)
        : base(message, inner) { }
}
