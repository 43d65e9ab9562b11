using Qua2SeDiMo.Runs;

namespace Qua2SeDiMo.Measurement.Methods;

/// <summary>What a measurement left in its run directory, <c>measurement.json</c>.</summary>
/// <param name="Algorithm">The <see cref="AlgorithmVersion"/> of the numbers.</param>
/// <param name="Options">How they were made.</param>
/// <param name="Sensitivity">What they say.</param>
internal sealed record MeasurementRecord(int Algorithm, MeasureOptions Options, MeasuredSensitivity Sensitivity);
