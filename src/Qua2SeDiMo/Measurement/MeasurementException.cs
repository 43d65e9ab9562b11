namespace Qua2SeDiMo.Measurement;

/// <summary>Something was asked of a measurement that it does not hold, or that cannot be measured.</summary>
internal sealed class MeasurementException(string message, Exception? inner = null) : Q2Exception(message, inner);
