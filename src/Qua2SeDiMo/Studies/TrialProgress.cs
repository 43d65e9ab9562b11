namespace Qua2SeDiMo.Studies;

/// <summary>Progress of the evaluation of one trial.</summary>
/// <param name="Fraction">Completed part, 0 to 1.</param>
/// <param name="Stage">Current stage, for instance <c>generate</c>.</param>
internal readonly record struct TrialProgress(double Fraction, string Stage);
