namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>A scheduler configuration, or what a caller asks of it, that cannot be served.</summary>
internal sealed class SchedulerException : Q2Exception
{
    /// <summary>Creates the exception with a message for the user.</summary>
    public SchedulerException(string message)
        : base(message) { }
}
