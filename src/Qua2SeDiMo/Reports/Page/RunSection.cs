using Qua2SeDiMo.Reports.Charts;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Section with model, settings, machine, versions and times of the run.</summary>
internal static class RunSection
{
    public static Markup Draw(ReportData report)
    {
        RunData run = report.Run;
        FactData[] facts =
        [
            new("Model", run.ModelName),
            new("Denoiser", run.ModelClass),
            new("Folder", run.Folder),
            new("Parameters", $"{FigureText.Count(run.ParameterCount)}"),
            new(
                "Quantizable",
                $"{FigureText.Count(report.Weights.Count)} weights, {FigureText.Count(run.QuantizableBytes)} "
                    + $"bytes at {run.OriginalBits} bits"
            ),
            new("Study", $"{report.Trials.Count} random trials × {run.ImageCount} images × {run.StepCount} steps"),
            new("Guidance scale", FigureText.Fixed(run.GuidanceScale, 1)),
            .. run.Seeds.Length > 0 ? [new FactData("Seeds", run.Seeds)] : Array.Empty<FactData>(),
            new("Objective", report.ObjectiveMetric.Label),
            .. run.Command.Length > 0 ? [new FactData("Command", run.Command)] : Array.Empty<FactData>(),
            .. run.Facts,
        ];
        return Markup.Of(
            $"""
            <div class="pair"><dl class="facts">{Markup.Join(
                facts.Select(fact => Markup.Of($"<div><dt>{fact.Name}</dt><dd>{fact.Value}</dd></div>")),
                "\n"
            )}</dl>
            <div>{Stages(run)}</div></div>
            {Prompts(run)}
            """
        );
    }

    private static Markup Stages(RunData run)
    {
        if (run.Stages.Count == 0)
            return Markup.Empty;
        double longest = Math.Max(1e-9, run.Stages.Max(stage => stage.Time.TotalSeconds));
        TimeSpan total = run.Stages.Aggregate(TimeSpan.Zero, (sum, stage) => sum + stage.Time);
        return Markup.Of(
            $"""
            <table class="data stages"><caption>Wall time by stage, {FigureText.Duration(total)} in all</caption>
            <thead><tr><th scope="col">Stage</th><th scope="col" class="number">Time</th><th scope="col"><span class="visually-hidden">Share</span></th></tr></thead><tbody>
            {Markup.Join(run.Stages.Select(stage => Markup.Of(
                $"<tr><th scope=\"row\">{stage.Name}<small>{stage.Note}</small></th><td class=\"number\">{FigureText.Duration(stage.Time)}</td><td class=\"meter\"><span style=\"width:{100 * stage.Time.TotalSeconds / longest:0.0}%\"></span></td></tr>")), "\n")}
            </tbody></table>
            """
        );
    }

    private static Markup Prompts(RunData run) =>
        run.Prompts.Count == 0
            ? Markup.Empty
            : Markup.Of(
                $"<details><summary>The {run.Prompts.Count} prompts of a trial</summary><ol "
                    + $"class=\"prompts\">{Markup.Join(run.Prompts.Select(prompt => Markup.Of($"<li>{prompt}</li>")))}</ol></details>"
            );
}
