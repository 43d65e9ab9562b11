using System.Text;
using System.Text.RegularExpressions;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies.Objectives;
using Xunit;

namespace Qua2SeDiMo.Tests.Docs;

/// <summary>
/// The figures in the README and in docs/results.md come from the committed results of two runs: that of the README's
/// command (benchmarks/results/measured/run) and that of the published method (benchmarks/results/demo). `./build.sh
/// docs` regenerates them.
/// </summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public void The_result_table_is_that_of_the_committed_run() =>
        GeneratedBlock.Check("docs/results.md", "measured", PlanTable(Measured));

    [Fact]
    public void The_tables_of_the_published_method_are_those_of_its_committed_run() =>
        GeneratedBlock.Check("docs/results.md", "demo", PlanTable(Published) + RankTable(Published));

    [Fact]
    public void The_first_screen_has_five_rows_of_the_committed_run() =>
        GeneratedBlock.Check("README.md", "demo", FirstScreen());

    [Fact]
    public void Every_link_into_the_repository_leads_somewhere()
    {
        int followed = 0;
        foreach (
            string page in Directory
                .EnumerateFiles(Path.Combine(RepositoryFiles.Root, "docs"), "*.md")
                .Append(Path.Combine(RepositoryFiles.Root, "README.md"))
        )
        {
            foreach (Match link in Links().Matches(File.ReadAllText(page)))
            {
                string target = link.Groups["target"].Value.Split('#')[0];
                if (target.Length == 0 || target.Contains("://", StringComparison.Ordinal))
                    continue;
                string path = Path.Combine(Path.GetDirectoryName(page)!, target);
                Assert.True(
                    File.Exists(path) || Directory.Exists(path),
                    $"{page} links to {target}, which is not there."
                );
                followed++;
            }
        }
        Assert.InRange(followed, 30, int.MaxValue);
    }

    private static string FirstScreen()
    {
        Plan plan = RunFile.Read<Plan>(Measured.Plan, Remedy.Plan);
        StudyMetric metric = Objective.Parse(plan.Objective).Metric;
        (string Name, PlanEntry Entry)[] rows =
        [
            ("uniform, 3 bits (`uaq-3`)", Single(plan, entry => entry.Label == "uaq-3 everywhere")),
            ("uniform, 4 bits (`uaq-4`)", Single(plan, entry => entry.Label == "uaq-4 everywhere")),
            (
                "best random mixture of at most 4 bits",
                Single(plan, entry => entry.Kind == PlanKind.BestRandom && entry.RequestedBits == 4)
            ),
            ("**plan for 3.5 bits**", Single(plan, entry => entry.Kind == PlanKind.Plan && entry.RequestedBits == 3.5)),
            ("**plan for 4 bits**", Single(plan, entry => entry.Kind == PlanKind.Plan && entry.RequestedBits == 4)),
        ];
        var text = new StringBuilder();
        text.AppendLine($"| the denoiser's weights | average bits | bytes | {metric.Title} ↑ | on fresh prompts ↑ |")
            .AppendLine("| --- | ---: | ---: | ---: | ---: |");
        foreach ((string name, PlanEntry entry) in rows)
        {
            string quality =
                $"{entry.Metrics[metric.Name].Value:0.000} | {entry.Metrics[metric.Name + PlanEntry.FreshSuffix].Value:0.000}";
            text.AppendLine($"| {name} | {entry.AverageBits:0.000} | {entry.SizeBytes:#,0} | {quality} |");
        }
        return text.ToString().ReplaceLineEndings("\n");
    }

    private static PlanEntry Single(Plan plan, Func<PlanEntry, bool> isWanted) =>
        Assert.Single(plan.Entries, entry => isWanted(entry));

    private static RunDirectory Measured => Results("measured/run");

    private static RunDirectory Published => Results("demo");

    private static RunDirectory Results(string name) =>
        new(Path.Combine(RepositoryFiles.Root, "benchmarks", "results", name));

    private static string PlanTable(RunDirectory run)
    {
        Plan plan = RunFile.Read<Plan>(run.Plan, Remedy.Plan);
        StudyRecord study = RunFile.Read<StudyRecord>(run.StudyRecord, Remedy.Study);
        StudyMetric metric = Objective.Parse(plan.Objective).Metric;
        string[] columns =
        [
            metric.Name,
            metric.Name + PlanEntry.FreshSuffix,
            StudyMetric.Psnr.Name,
            StudyMetric.ClipCosine.Name,
            StudyMetric.Frechet.Name,
        ];
        var text = new StringBuilder("\n");
        text.AppendLine(
                $"One such run ({study.Summary.Complete} trials of {study.Summary.Images} images at "
                    + $"{study.Summary.Steps} steps; objective {metric.Title}; `fresh`: on prompts that no trial saw):"
            )
            .AppendLine();
        text.AppendLine(
                $"| allocation | average bits | bytes | {metric.Name} ↑ | fresh ↑ | PSNR, dB ↑ | CLIP cosine ↑ | Fréchet ↓ |"
            )
            .AppendLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (PlanEntry entry in plan.Entries.OrderBy(entry => entry.AverageBits))
        {
            string mark = entry.Kind == PlanKind.Plan ? "**" : "";
            string Cell(string name) =>
                entry.Kind == PlanKind.FullPrecision && name != StudyMetric.Frechet.Name ? ""
                : entry.Metrics.TryGetValue(name, out Measured? value)
                    ? value.Value.ToString(
                        name == StudyMetric.Psnr.Name || name == StudyMetric.Frechet.Name ? "0.0" : "0.000"
                    )
                : "";
            text.AppendLine(
                $"| {mark}{entry.Label}{mark} | {entry.AverageBits:0.000} | {entry.SizeBytes:#,0} | "
                    + $"{string.Join(" | ", columns.Select(Cell))} |"
            );
        }
        return text.AppendLine().ToString().ReplaceLineEndings("\n");
    }

    private static string RankTable(RunDirectory run)
    {
        Fit fit = RunFile.Read<Fit>(run.PredictorReport, Remedy.Fit);
        var text = new StringBuilder();
        text.AppendLine(
                "How well held-out trials are ranked, and how well at equal size (Spearman, mean ± standard deviation over five folds):"
            )
            .AppendLine();
        text.AppendLine("| predictor | SRCC | SRCC given average bits |").AppendLine("| --- | ---: | ---: |");
        foreach (ModelScores model in fit.Result.Models.Where(model => double.IsFinite(model.Srcc.Mean)))
        {
            text.AppendLine($"| {ModelLabels.Of(model.Model)} | {Text(model.Srcc)} | {Text(model.PartialSrcc)} |");
        }
        return text.AppendLine().ToString().ReplaceLineEndings("\n");
    }

    private static string Text(FoldSummary summary) =>
        double.IsNaN(summary.Mean) ? "" : $"{summary.Mean:0.000} ± {summary.Deviation:0.000}";

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Links();
}
