namespace Qua2SeDiMo.Studies;

/// <summary>How far the evaluation of one trial is.</summary>
/// <param name="Fraction">0 to 1.</param>
/// <param name="Stage">What is being done, for instance <c>generate</c>.</param>
internal readonly record struct TrialProgress(double Fraction, string Stage);
