namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>A quantizable weight and the initializer that carries it into the graph.</summary>
/// <param name="Weight">What gets an option of its own.</param>
/// <param name="Initializer">Where its values enter: a matrix as [in, out], a convolution kernel as [out, in,
/// …].</param>
internal sealed record GraphWeight(QuantizableWeight Weight, Initializer.FromTensor Initializer);
