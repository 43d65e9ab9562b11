using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Allocations;
using Spectre.Console;

namespace Qua2SeDiMo.Cli;

/// <summary>Allocations of a file with the labels measured here, compared with the labels in the file.</summary>
/// <param name="File">The file.</param>
/// <param name="StatesAll">Whether the file states the whole protocol by which its labels were made.</param>
/// <param name="Choice">The protocol that was followed, and its differences from the file's.</param>
/// <param name="Trials">The labelled allocations.</param>
/// <param name="Differences">The comparison of every comparable label of the file.</param>
internal sealed record ListedLabels(
    string File,
    bool StatesAll,
    ProtocolChoice Choice,
    IReadOnlyList<Trial> Trials,
    IReadOnlyList<LabelDifference> Differences
)
{
    /// <summary>Whether all comparable labels agree.</summary>
    internal bool Agree => Differences.All(difference => difference.Agrees);

    private StudyOptions Options => Choice.Options;

    /// <summary>The labels as JSON.</summary>
    internal object ToJson() =>
        new
        {
            Trials = Trials.Select(StudyStage.Describe),
            Differences,
            Agrees = Agree,
            LabelledBy = new
            {
                Options.Generation.StepCount,
                Options.Generation.GuidanceScale,
                Options.ImageCount,
                Options.Seed,
                Options.SharedNoise,
            },
            NotAsStated = Choice.Differences,
        };

    /// <summary>Shows the labels as tables on the terminal.</summary>
    internal void Show(IAnsiConsole output)
    {
        StudyTables.ShowTrials(Trials, output);
        string seeds = Options.SharedNoise ? $"seed {Options.Seed} for all" : $"seeds from {Options.Seed}";
        (int steps, double guidance) = (Options.Generation.StepCount, Options.Generation.GuidanceScale);
        output.WriteLine($"{Options.ImageCount} images of {steps} steps, guidance {guidance}, {seeds}.");
        if (Choice.Differences.Count > 0)
            output.WriteLine(
                $"Labels of images are not compared, for those of {File} are of other images: {string.Join("; ", Choice.Differences)}."
            );
        else if (!StatesAll)
            output.WriteLine(
                "The file does not state all of steps, guidance_scale, seeds and prompts: the rest is as asked for here."
            );
        if (Differences.Count == 0)
            return;
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns("trial", "metric", "given", "here", "difference", "tolerance", "");
        foreach (LabelDifference row in Differences)
        {
            table.AddRow(
                row.Trial.EscapeMarkup(),
                row.Metric,
                $"{row.Expected:0.######}",
                $"{row.Actual:0.######}",
                $"{row.Difference:0.00E+0}",
                $"{row.Tolerance:0.00E+0}",
                row.Agrees ? "ok" : "DIFFERS"
            );
        }
        output.Write(table);
        output.WriteLine($"{Differences.Count(row => row.Agrees)} of {Differences.Count} labels agree.");
    }
}
