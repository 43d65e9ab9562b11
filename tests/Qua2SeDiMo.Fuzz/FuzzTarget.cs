namespace Qua2SeDiMo.Fuzz;

/// <summary>A reader under attack.</summary>
/// <param name="Name">For the command line, the results and the corpus.</param>
/// <param name="Seeds">Good inputs, from which bad ones are made.</param>
/// <param name="Read">Reads an input. Exceptions of the typed family are refusals; any other is a defect.</param>
internal sealed record FuzzTarget(string Name, Func<IReadOnlyList<FuzzInput>> Seeds, Action<FuzzInput> Read)
{
    /// <summary>Inputs of the quick run; slow readers take fewer.</summary>
    internal int QuickInputs { get; init; } = 400;

    /// <summary>Share of the time of a long run.</summary>
    internal double Weight { get; init; } = 1;
}
