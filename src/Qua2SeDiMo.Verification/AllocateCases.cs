using System.Text.Json;
using Qua2SeDiMo.Plans;

namespace Qua2SeDiMo.Verification;

/// <summary>Choices of least cost within a budget, with known optima (golden/allocate).</summary>
internal static class AllocateCases
{
    private const double Tolerance = 1e-9;

    /// <summary>Solves every instance of a file under each of its budgets.</summary>
    /// <param name="path">A JSON file, or the folder with <c>instances.json</c>.</param>
    /// <param name="cancellationToken">Checked before each budget.</param>
    public static IReadOnlyList<VerificationResult> Verify(string path, CancellationToken cancellationToken = default)
    {
        if (Directory.Exists(path))
            path = Path.Combine(path, "instances.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        var results = new List<VerificationResult>();
        foreach (JsonElement instance in document.RootElement.GetProperty("instances").EnumerateArray())
        {
            string name = instance.GetProperty("name").GetString()!;
            PlanOption[][] groups =
            [
                .. instance
                    .GetProperty("cost")
                    .EnumerateArray()
                    .Zip(
                        instance.GetProperty("bytes").EnumerateArray(),
                        (costs, bytes) =>
                            costs
                                .EnumerateArray()
                                .Zip(
                                    bytes.EnumerateArray(),
                                    (cost, size) => new PlanOption(size.GetInt64(), -cost.GetDouble())
                                )
                                .ToArray()
                    ),
            ];
            foreach (JsonElement expected in instance.GetProperty("results").EnumerateArray())
            {
                cancellationToken.ThrowIfCancellationRequested();
                results.Add(Check($"allocate/{name}", groups, expected));
            }
        }
        return results;
    }

    private static VerificationResult Check(string name, PlanOption[][] groups, JsonElement expected)
    {
        long budget = expected.GetProperty("budget_bytes").GetInt64();
        string output = $"{budget} bytes";
        PlanChoice? choice = PlanSearch.Choose(groups, budget);
        bool feasible = expected.GetProperty("feasible").GetBoolean();
        if (choice is null || !feasible)
        {
            bool agrees = choice is null == !feasible;
            return new VerificationResult(
                name,
                output,
                agrees ? 0 : double.PositiveInfinity,
                agrees ? 0 : double.PositiveInfinity,
                Tolerance,
                agrees,
                agrees ? "infeasible" : "feasibility differs"
            );
        }
        double optimum = expected.GetProperty("optimal_cost").GetDouble(),
            difference = Math.Abs(-choice.Score - optimum);
        double relative = difference / Math.Max(Math.Abs(optimum), double.Epsilon);
        bool fits = choice.SizeBytes <= budget;
        return new VerificationResult(
            name,
            output,
            difference,
            relative,
            Tolerance,
            relative <= Tolerance && fits,
            fits ? null : $"{choice.SizeBytes} bytes exceed the budget"
        );
    }
}
