namespace Qua2SeDiMo.Cli;

/// <summary>Exit codes of the process.</summary>
internal static class ExitCode
{
    internal const int Success = 0;

    /// <summary>The command ran, but a check failed or something that was requested is not complete.</summary>
    internal const int CheckFailed = 1;

    /// <summary>An error that the user can repair, in arguments, files or settings.</summary>
    internal const int UserError = 2;

    /// <summary>A defect of this program.</summary>
    internal const int Defect = 70;

    /// <summary>Stopped by Ctrl-C, SIGTERM or a closed terminal; the same command continues from there.</summary>
    internal const int Cancelled = 130;
}
