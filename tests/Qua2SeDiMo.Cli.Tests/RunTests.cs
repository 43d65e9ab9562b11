using System.Text.Json;
using Qua2SeDiMo.Runs;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests;

/// <summary>The whole chain of stages with small settings.</summary>
[Collection(BankedRun.Name)]
public sealed class RunTests(BankedRun banked)
{
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task All_stages_run_in_order_and_a_second_call_changes_nothing()
    {
        RunDirectory run = banked.NewRun();
        string[] command =
        [
            "run",
            BankedRun.Model,
            "--run",
            run.DirectoryPath,
            "--trials",
            "10",
            "--images",
            "4",
            "--steps",
            "2",
            "--epochs",
            "4",
            "--method",
            "paper",
            "--json",
            "--quiet",
        ];

        JsonElement first = (await Q2.RunAsync(command)).Succeeded().Json;
        Assert.Equal(Path.GetFullPath(run.Report), Path.GetFullPath(first.GetProperty("report").GetString()!));
        Assert.All(
            [
                run.GraphText,
                run.DagJson,
                run.StudyDatabase,
                run.PredictorReport,
                run.PredictorWeights,
                run.Sensitivity,
                run.Plan,
                run.Report,
                Path.Combine(run.Packed, "model_index.json"),
            ],
            file => Assert.True(File.Exists(file), file)
        );
        string plan = Allocations(run);
        DateTime bank = File.GetLastWriteTimeUtc(Directory.EnumerateFiles(run.Bank, "*.safetensors").First());

        (await Q2.RunAsync(command)).Succeeded();
        Assert.Equal(plan, Allocations(run));
        Assert.Equal(bank, File.GetLastWriteTimeUtc(Directory.EnumerateFiles(run.Bank, "*.safetensors").First()));

        string images = banked.NewFolder();
        Q2Result generated = (
            await Q2.RunAsync(
                "generate",
                run.Packed,
                "--prompt",
                "red apple, flat emoji",
                "--steps",
                "2",
                "--out",
                images,
                "--json",
                "--quiet"
            )
        ).Succeeded();
        Assert.Single(generated.Json.GetProperty("images").EnumerateArray());
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task A_run_measures_and_fits_nothing_unless_it_is_asked_to()
    {
        RunDirectory run = banked.NewRun();
        string[] small = ["--trials", "10", "--images", "2", "--steps", "2", "--size", "3.5", "--json", "--quiet"];
        string[] command = ["run", BankedRun.Model, "--run", run.DirectoryPath, .. small];

        JsonElement first = (await Q2.RunAsync(command)).Succeeded().Json;

        Assert.Equal("measured", first.GetProperty("plan").GetProperty("predictor").GetString());
        Assert.Equal(67, first.GetProperty("measured").GetProperty("weights").GetArrayLength());
        Assert.False(first.TryGetProperty("fit", out _));
        string packed = Path.Combine(run.Packed, "model_index.json");
        Assert.All([run.Measurement, run.Plan, run.Report, packed], file => Assert.True(File.Exists(file), file));
        Assert.False(File.Exists(run.PredictorReport));
        string plan = Allocations(run);
        (await Q2.RunAsync(command)).Succeeded();
        Assert.Equal(plan, Allocations(run));
    }

    [Fact]
    public async Task Options_of_fitted_models_contradict_measured_plans() =>
        (
            await Q2.RunAsync(
                "run",
                BankedRun.Model,
                "--run",
                banked.NewFolder(),
                "--method",
                "measured",
                "--epochs",
                "4"
            )
        ).Refused("--method paper");

    private static string Allocations(RunDirectory run)
    {
        using JsonDocument plan = JsonDocument.Parse(File.ReadAllBytes(run.Plan));
        return string.Join(
            '\n',
            plan.RootElement.GetProperty("entries")
                .EnumerateArray()
                .Select(entry => entry.GetProperty("allocation").GetRawText())
        );
    }
}
