namespace Qua2SeDiMo.Reports;

/// <summary>A file that should hold the data of a report does not.</summary>
public sealed class ReportDataException : Q2Exception
{
    /// <summary>Creates the exception with a message for the user and its cause.</summary>
    public ReportDataException(string message, Exception? inner = null) : base(message, inner) { }
}
