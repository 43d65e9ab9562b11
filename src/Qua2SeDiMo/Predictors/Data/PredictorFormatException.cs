namespace Qua2SeDiMo.Predictors.Data;

/// <summary>Thrown when a predictor file, an external study or its graph does not have the layout documented in
/// docs/formats.md.</summary>
internal sealed class PredictorFormatException : Q2Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was found, where, and what was expected.</param>
    public PredictorFormatException(string message)
        : base(message) { }

    /// <summary>Creates the exception around an error of a parser.</summary>
    public PredictorFormatException(string message, Exception inner)
        : base(message, inner) { }
}
