namespace Qua2SeDiMo.Cli;

/// <summary>What the process tells its caller.</summary>
internal static class ExitCode
{
    internal const int Success = 0;

    /// <summary>The command ran, and a check did not hold or something that was asked for is not complete.</summary>
    internal const int CheckFailed = 1;

    /// <summary>Something the user can repair: arguments, files, settings.</summary>
    internal const int UserError = 2;

    /// <summary>A defect of this program.</summary>
    internal const int Defect = 70;

    /// <summary>Stopped by Ctrl-C or SIGTERM; the same command goes on where it stopped.</summary>
    internal const int Cancelled = 130;
}
