namespace Qua2SeDiMo.Fuzz;

/// <summary>A reader to fuzz.</summary>
/// <param name="Name">Name for the command line, the results and the corpus.</param>
/// <param name="Seeds">Valid inputs, from which mutated ones are made.</param>
/// <param name="Read">Reads an input. Exceptions of the expected types are rejections; any other exception is a
/// defect.</param>
internal sealed record FuzzTarget(string Name, Func<IReadOnlyList<FuzzInput>> Seeds, Action<FuzzInput> Read)
{
    /// <summary>Number of inputs in the quick run; lower for slow readers.</summary>
    internal int QuickInputs { get; init; } = 400;

    /// <summary>Relative share of the time of a long run.</summary>
    internal double Weight { get; init; } = 1;
}
