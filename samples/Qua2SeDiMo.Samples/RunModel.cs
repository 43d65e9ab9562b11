using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Samples;

/// <summary>Makes a plan, a packed model and a report from a model folder.</summary>
internal static class RunModel
{
    internal static WorkflowResult Run(string modelFolder, string runDirectory, int trials = 64, int images = 32)
    {
        // <readme>
        using OpenModel model = OpenModel.Open(modelFolder);
        var study = new StudyOptions
        {
            TrialCount = trials,
            ImageCount = images,
            Scoring = ScoringFiles.Find(modelFolder),
        };
        var options = new WorkflowOptions(study) { Budgets = [BitBudget.Parse("3.5"), BitBudget.Parse("4")] };

        WorkflowResult result = Workflow.Run(model, new RunDirectory(runDirectory), options);

        foreach (PlanEntry entry in result.Plan.Entries.Where(entry => entry.Kind == PlanKind.Plan))
        {
            Console.WriteLine(
                $"{entry.Label}: {entry.SizeBytes:#,0} bytes, {entry.Allocation.Specs.Count} weights chosen"
            );
        }
        // </readme>
        return result;
    }
}
