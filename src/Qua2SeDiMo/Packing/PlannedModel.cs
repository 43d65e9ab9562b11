using System.Text.Json.Nodes;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Packing;

/// <summary>What a packed model takes from a plan.</summary>
/// <param name="Allocation">Option of every weight.</param>
/// <param name="Origin">Source of the allocation, recorded in the packed model.</param>
/// <param name="Activations">Bits of layers' inputs by weight name; null if the plan has none.</param>
internal sealed record PlannedModel(
    BitAllocation Allocation,
    JsonObject Origin,
    IReadOnlyDictionary<string, int>? Activations
)
{
    // Average bits on the command line have at most two decimals.
    private const double SameBits = 0.005;

    /// <summary>Selects a plan: the one made for the given average bits, else one that has them; or the largest
    /// plan.</summary>
    /// <param name="plan">The plans of a run.</param>
    /// <param name="averageBits">Requested average bits; null for the largest plan.</param>
    /// <exception cref="PlanException">There is no such plan; the message lists the plans.</exception>
    internal static PlannedModel Of(Plan plan, double? averageBits = null)
    {
        ArgumentNullException.ThrowIfNull(plan);
        PlanEntry[] plans = [.. plan.Entries.Where(candidate => candidate.Kind == PlanKind.Plan)];
        if (plans.Length == 0)
            throw new PlanException("The run has no plan; make one first.") { Remedy = Remedy.PlanOfSize };
        PlanEntry? entry = averageBits is not { } bits
            ? plans.MaxBy(candidate => candidate.AverageBits)
            : plans.FirstOrDefault(candidate =>
                Math.Abs((candidate.RequestedBits ?? candidate.AverageBits) - bits) <= SameBits
            ) ?? plans.FirstOrDefault(candidate => Math.Abs(candidate.AverageBits - bits) <= SameBits);
        if (entry is null)
        {
            string known = string.Join(
                ", ",
                plans.Select(candidate => $"{candidate.RequestedBits ?? candidate.AverageBits:0.###}")
            );
            throw new PlanException(
                $"The run has no plan of {averageBits} average bits; it has {known}. Pack one of these, or make "
                    + "one of that size."
            )
            {
                Remedy = Remedy.PlanOfSize,
            };
        }
        var origin = new JsonObject
        {
            ["plan"] = entry.Key,
            ["objective"] = plan.Objective,
            ["predictor"] = plan.Predictor,
        };
        return new PlannedModel(entry.Allocation, origin, entry.Activations);
    }
}
