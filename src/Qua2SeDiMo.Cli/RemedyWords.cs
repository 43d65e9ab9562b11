using System.Diagnostics;

namespace Qua2SeDiMo.Cli;

/// <summary>Sentences that name the command for each <see cref="Remedy"/>.</summary>
internal static class RemedyWords
{
    /// <summary>The message of an error, followed by the command that repairs it, if there is one.</summary>
    internal static string Message(Exception exception) =>
        exception is Q2Exception { Remedy: { } remedy } ? $"{exception.Message} {Of(remedy)}" : exception.Message;

    /// <summary>The sentence that names the command for a remedy.</summary>
    internal static string Of(Remedy remedy) =>
        remedy switch
        {
            Remedy.Inspect => "`q2 inspect` lists all weights.",
            Remedy.Bank => "Run `q2 bank`: it keeps what is sound and makes the rest.",
            Remedy.Measure => "Run `q2 measure`.",
            Remedy.Study => "Run `q2 study`.",
            Remedy.MoreTrials => "Run `q2 study` with more --trials.",
            Remedy.Fit => "Run `q2 fit`.",
            Remedy.FitByLoss => "Run `q2 fit` with that --loss.",
            Remedy.Explain => "Run `q2 explain`.",
            Remedy.Bootstrap => "Run `q2 explain` with --bootstrap.",
            Remedy.FitAndExplain => "Run `q2 fit` and `q2 explain`.",
            Remedy.Plan => "Run `q2 plan`.",
            Remedy.PlanOfSize => "Run `q2 plan` with that --size.",
            Remedy.FitExplainAndPlan => "Run `q2 fit`, `q2 explain` and `q2 plan`.",
            Remedy.Pack => "Run `q2 pack`.",
            Remedy.Report => "Run `q2 report`.",
            Remedy.Run => "Run `q2 run`.",
            _ => throw new UnreachableException($"{remedy}"),
        };
}
