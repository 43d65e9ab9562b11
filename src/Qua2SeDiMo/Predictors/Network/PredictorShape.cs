using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Network;

/// <summary>Widths of a predictor's layers; the defaults are the paper's.</summary>
/// <param name="Positions">Positional features and their table sizes.</param>
/// <param name="EmbeddingWidth">Channels of the 0-hop embedding.</param>
/// <param name="Width">Channels of every later hop and of the head.</param>
internal sealed record PredictorShape(IReadOnlyList<PositionColumn> Positions, int EmbeddingWidth = 16, int Width = 64);
