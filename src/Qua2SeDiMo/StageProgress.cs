namespace Qua2SeDiMo;

/// <summary>How far a stage is.</summary>
/// <param name="Stage">What is being done, in a user's words, for instance <c>Quantizing weights</c>.</param>
/// <param name="Done">Finished units, from 0.</param>
/// <param name="Total">Units in all; 0 when unknown.</param>
/// <param name="Detail">The present unit, or the latest result.</param>
public readonly record struct StageProgress(string Stage, double Done, double Total, string? Detail = null);
