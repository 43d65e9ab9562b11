using Qua2SeDiMo.Graphs.Operations;

namespace Qua2SeDiMo.Measurement;

/// <summary>What an option of a weight does at one step.</summary>
/// <param name="Step">From 0.</param>
/// <param name="Damage">Mean over images and cotangents.</param>
/// <param name="StandardError">Over images; null where there is one.</param>
internal sealed record MeasuredStep(int Step, double Damage, double? StandardError);

/// <summary>What an option of a weight does.</summary>
/// <param name="Option">Name of the option.</param>
/// <param name="Damage">Mean over images and cotangents, in the unit of <see cref="MeasuredSensitivity.Unit"/>.</param>
/// <param name="StandardError">Over images, those of cotangents within; null where there is one image.</param>
/// <param name="Steps">The same by the calls of single steps; empty where only whole runs were looked at.</param>
internal sealed record MeasuredOption(
    string Option,
    double Damage,
    double? StandardError,
    IReadOnlyList<MeasuredStep> Steps
);

/// <summary>What fewer bits of a weight cost.</summary>
/// <param name="Position">The weight.</param>
/// <param name="Cost">
/// What three bits do more than four, mean over methods and images: roots of damages, a loss as it is.
/// </param>
/// <param name="StandardError">Over images; null where there is one.</param>
/// <param name="Place">1 more than the number of weights that cost more by over twice the error of the difference:
/// equal ones are not ordered.</param>
/// <param name="StepCosts">The same by the calls of single steps.</param>
/// <param name="Options">Every option.</param>
internal sealed record MeasuredWeight(
    WeightPosition Position,
    double Cost,
    double? StandardError,
    int Place,
    IReadOnlyList<double> StepCosts,
    IReadOnlyList<MeasuredOption> Options
);

/// <summary>What fewer bits cost in a group of weights together.</summary>
/// <param name="Name">Block or operator type.</param>
/// <param name="Weights">How many weights.</param>
/// <param name="Cost">Cost of all of them together: roots of summed damages.</param>
/// <param name="StandardError">Over images; null where there is one.</param>
/// <param name="StepCosts">The same by the calls of single steps.</param>
internal sealed record MeasuredGroup(
    string Name,
    int Weights,
    double Cost,
    double? StandardError,
    IReadOnlyList<double> StepCosts
)
{
    /// <summary>Name in tables of blocks.</summary>
    internal string BlockTitle => Name.Length == 0 ? "outside blocks" : Name;
}

/// <summary>Sensitivity as it was measured.</summary>
/// <param name="Kind">What the numbers are.</param>
/// <param name="Images">Images.</param>
/// <param name="Cotangents">Cotangents for each; 1 where none were drawn.</param>
/// <param name="Steps">Steps that were looked at.</param>
/// <param name="Weights">Every weight, in the order of the forward pass.</param>
/// <param name="Types">By operator type, most expensive first.</param>
/// <param name="Blocks">By block, in the order of the forward pass.</param>
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
    /// <summary>Whether random cotangents were drawn.</summary>
    internal bool HasCotangents => Kind is EffectKind.CallProducts or EffectKind.RunProducts;

    /// <summary>
    /// Share of each block in what a step costs, [block][step]; null where it costs nothing. What changes between steps
    /// is the order, and not the size of the disturbance alone.
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

    /// <summary>What damages are.</summary>
    public string Unit =>
        Kind switch
        {
            EffectKind.RunProducts => "squared norm of the change of the final latents, first order",
            EffectKind.CallProducts => "squared norm of the change of the guided prediction, first order",
            EffectKind.CallSquares => "squared norm of the change of the guided prediction",
            _ => "loss of SSIM to full precision",
        };
}
