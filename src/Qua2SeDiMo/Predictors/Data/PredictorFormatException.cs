namespace Qua2SeDiMo.Predictors.Data;

/// <summary>A predictor file, an external study or its graph does not have the layout that is documented in
/// docs/formats.md.</summary>
internal sealed class PredictorFormatException : Q2Exception
{
    /// <summary>Says what was found, where, and what was expected.</summary>
    public PredictorFormatException(string message)
        : base(message) { }

    /// <summary>Wraps the parser's complaint.</summary>
    public PredictorFormatException(string message, Exception inner)
        : base(message, inner) { }
}
