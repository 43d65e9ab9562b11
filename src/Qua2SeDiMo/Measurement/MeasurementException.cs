namespace Qua2SeDiMo.Measurement;

/// <summary>Thrown when a measurement lacks what is asked of it, or cannot be made.</summary>
internal sealed class MeasurementException(string message, Exception? inner = null) : Q2Exception(message, inner);
