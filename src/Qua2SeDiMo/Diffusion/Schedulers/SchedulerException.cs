namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>Thrown when a scheduler does not support its configuration or the requested options.</summary>
internal sealed class SchedulerException : Q2Exception
{
    /// <summary>Creates the exception with a message for the user.</summary>
    public SchedulerException(string message)
        : base(message) { }
}
