using Qua2SeDiMo.Runs;

namespace Qua2SeDiMo.Measurement.Methods;

/// <summary>The record of a measurement in its run directory, <c>measurement.json</c>.</summary>
/// <param name="Algorithm">The <see cref="AlgorithmVersion"/> of the numbers.</param>
/// <param name="Options">Options of the measurement.</param>
/// <param name="Sensitivity">Tables of the measurement.</param>
internal sealed record MeasurementRecord(int Algorithm, MeasureOptions Options, MeasuredSensitivity Sensitivity);
