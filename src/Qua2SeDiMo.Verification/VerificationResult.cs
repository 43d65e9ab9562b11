namespace Qua2SeDiMo.Verification;

/// <summary>How one output of one reference case compares.</summary>
/// <param name="Case">Name of the case: its folder or file.</param>
/// <param name="Output">What was compared: a tensor's or step's name.</param>
/// <param name="MaxAbsoluteDifference">Largest |actual − expected|; infinite where one is NaN and the other is not, or
/// the lengths differ.</param>
/// <param name="MaxRelativeDifference">The largest absolute difference over the largest |expected|.</param>
/// <param name="Tolerance">Largest absolute difference that passes.</param>
/// <param name="Passed">Whether the output passes.</param>
/// <param name="Detail">What the numbers cannot say: where exact things differ, or why a case could not run.</param>
internal sealed record VerificationResult(
    string Case,
    string Output,
    double MaxAbsoluteDifference,
    double MaxRelativeDifference,
    double Tolerance,
    bool Passed,
    string? Detail
);
