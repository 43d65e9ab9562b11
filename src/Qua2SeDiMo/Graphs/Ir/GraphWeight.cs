namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>A quantizable weight and the initializer that carries it into the graph.</summary>
/// <param name="Weight">The weight, to which options are assigned.</param>
/// <param name="Initializer">Initializer with its values: a matrix as [in, out], a convolution kernel as [out, in,
/// …].</param>
internal sealed record GraphWeight(QuantizableWeight Weight, Initializer.FromTensor Initializer);
