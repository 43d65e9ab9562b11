namespace Qua2SeDiMo.Verification;

/// <summary>Result of comparing one output of a reference case.</summary>
/// <param name="Case">Name of the case: its folder or file.</param>
/// <param name="Output">Name of the compared tensor, step or figure.</param>
/// <param name="MaxAbsoluteDifference">Largest |actual − expected|, or the norm of the difference for comparisons by
/// norm; infinite if only one of two values is NaN, or the lengths differ.</param>
/// <param name="MaxRelativeDifference">The largest absolute difference over the largest |expected|.</param>
/// <param name="Tolerance">Largest absolute difference that passes.</param>
/// <param name="Passed">Whether the output passes.</param>
/// <param name="Detail">Further information, such as the texts or integers that differ, or the reason why a case could
/// not run; null for none.</param>
internal sealed record VerificationResult(
    string Case,
    string Output,
    double MaxAbsoluteDifference,
    double MaxRelativeDifference,
    double Tolerance,
    bool Passed,
    string? Detail
);
