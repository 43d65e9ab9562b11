using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Studies.Allocations;

/// <summary>A named allocation with labels from elsewhere.</summary>
/// <param name="Name">Unique within its file.</param>
/// <param name="Allocation">Option of each weight; weights that are not listed keep full precision.</param>
/// <param name="Metrics">Label by metric name (<see cref="StudyMetric"/>); may be empty.</param>
internal sealed record LabelledAllocation(
    string Name,
    BitAllocation Allocation,
    IReadOnlyDictionary<string, double> Metrics
);
