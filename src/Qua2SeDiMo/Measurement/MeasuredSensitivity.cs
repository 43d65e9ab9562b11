using Qua2SeDiMo.Graphs.Operations;

namespace Qua2SeDiMo.Measurement;

/// <summary>Damage by an option of a weight at one step.</summary>
/// <param name="Step">Index of the step, from 0.</param>
/// <param name="Damage">Mean over images and cotangents.</param>
/// <param name="StandardError">Standard error over images; null for a single image.</param>
internal sealed record MeasuredStep(int Step, double Damage, double? StandardError);

/// <summary>Damage by an option of a weight.</summary>
/// <param name="Option">Name of the option.</param>
/// <param name="Damage">Mean over images and cotangents, in the unit of <see cref="MeasuredSensitivity.Unit"/>.</param>
/// <param name="StandardError">Standard error over images, which includes that of cotangents; null for a single
/// image.</param>
/// <param name="Steps">Damages from the calls of single steps; empty if only whole runs were measured.</param>
internal sealed record MeasuredOption(
    string Option,
    double Damage,
    double? StandardError,
    IReadOnlyList<MeasuredStep> Steps
);

/// <summary>Cost of fewer bits in a weight.</summary>
/// <param name="Position">Name, block, layer type and size of the weight.</param>
/// <param name="Cost">
/// Root of the damage with 3 bits minus root with 4, mean over methods and images; for losses, without the root.
/// </param>
/// <param name="StandardError">Standard error over images; null for a single image.</param>
/// <param name="Place">1 + the number of weights whose cost is larger by more than twice the standard error of the
/// difference; weights that do not differ share a place.</param>
/// <param name="StepCosts">Costs from the calls of single steps; empty if only whole runs were measured.</param>
/// <param name="Options">Damage by every option.</param>
internal sealed record MeasuredWeight(
    WeightPosition Position,
    double Cost,
    double? StandardError,
    int Place,
    IReadOnlyList<double> StepCosts,
    IReadOnlyList<MeasuredOption> Options
);

/// <summary>Cost of fewer bits in all weights of a group together.</summary>
/// <param name="Name">Name of the block or operator type.</param>
/// <param name="Weights">Number of weights.</param>
/// <param name="Cost">Cost of all of them together: roots of summed damages.</param>
/// <param name="StandardError">Standard error over images; null for a single image.</param>
/// <param name="StepCosts">Costs from the calls of single steps; empty if only whole runs were measured.</param>
internal sealed record MeasuredGroup(
    string Name,
    int Weights,
    double Cost,
    double? StandardError,
    IReadOnlyList<double> StepCosts
)
{
    /// <summary>Display name of a block.</summary>
    internal string BlockTitle => Name.Length == 0 ? "outside blocks" : Name;
}

/// <summary>Tables of a measurement.</summary>
/// <param name="Kind">Kind of the measured numbers.</param>
/// <param name="Images">Number of images.</param>
/// <param name="Cotangents">Number of cotangents per image; 1 if none were drawn.</param>
/// <param name="Steps">Indices of the measured steps; empty if only whole runs were measured.</param>
/// <param name="Weights">Every weight, in the order of the forward pass.</param>
/// <param name="Types">Costs by operator type, largest first.</param>
/// <param name="Blocks">Costs by block, in the order of the forward pass.</param>
internal sealed record MeasuredSensitivity(
    EffectKind Kind,
    int Images,
    int Cotangents,
    IReadOnlyList<int> Steps,
    IReadOnlyList<MeasuredWeight> Weights,
    IReadOnlyList<MeasuredGroup> Types,
    IReadOnlyList<MeasuredGroup> Blocks
)
{
    /// <summary>What rounding the inputs of layers does; null where that was not measured, as in files of older
    /// versions.</summary>
    public MeasuredActivations? Activations { get; init; }

    /// <summary>Whether random cotangents were drawn.</summary>
    internal bool HasCotangents => Kind is EffectKind.CallProducts or EffectKind.RunProducts;

    /// <summary>
    /// Share of each block in the cost of each step, [block][step]; null for a step without cost. Shares show how the
    /// order of blocks changes between steps, apart from the overall size of the damage.
    /// </summary>
    internal IReadOnlyList<IReadOnlyList<double?>> BlockShares()
    {
        double[] totals = [.. Steps.Select((_, at) => Blocks.Sum(block => block.StepCosts[at]))];
        return
        [
            .. Blocks.Select(
                IReadOnlyList<double?> (block) =>
                    [.. block.StepCosts.Select((cost, at) => totals[at] > 0 ? cost / totals[at] : (double?)null)]
            ),
        ];
    }

    /// <summary>Description of the quantity and unit of damages.</summary>
    public string Unit =>
        Kind switch
        {
            EffectKind.RunProducts => "squared norm of the change of the final latents, first order",
            EffectKind.CallProducts => "squared norm of the change of the guided prediction, first order",
            EffectKind.CallSquares => "squared norm of the change of the guided prediction",
            _ => "loss of SSIM to full precision",
        };
}
