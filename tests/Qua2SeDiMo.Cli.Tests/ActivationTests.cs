using System.Text.Json;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Runs;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Cli.Tests;

/// <summary>Quantized activations in the whole chain: study, plan, packed model, images.</summary>
[Collection(BankedRun.Name)]
public sealed class ActivationTests(BankedRun banked, ITestOutputHelper output)
{
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Bits_of_the_study_hold_for_its_plan_and_its_packed_model_and_others_are_further_rows()
    {
        RunDirectory run = banked.NewRun();
        (
            await Q2.RunAsync(
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
                "--size",
                "3.75",
                "--activation-bits",
                "8",
                "--activations",
                "6,8",
                "--quiet"
            )
        ).Succeeded();

        JsonElement[] entries =
        [
            .. JsonDocument.Parse(File.ReadAllBytes(run.Plan)).RootElement.GetProperty("entries").EnumerateArray(),
        ];
        foreach (JsonElement entry in entries)
            output.WriteLine(
                $"{entry.GetProperty("label")}: A{entry.GetProperty("activationBits")}, {Psnr(entry):0.00} dB, "
                    + $"{Operations(entry):0.0E+0} bit operations"
            );
        JsonElement plan = entries.Single(entry => Kind(entry) == "plan"),
            six = entries.Single(entry => Kind(entry) == "roundedActivations"),
            full = entries.Single(entry => Kind(entry) == "fullPrecision");
        Assert.Equal(
            [8, 6, 8],
            new[] { plan, six, full }.Select(entry => entry.GetProperty("activationBits").GetInt32())
        );
        Assert.Equal(plan.GetProperty("allocation").GetRawText(), six.GetProperty("allocation").GetRawText());
        Assert.Equal(0.75, Operations(six) / Operations(plan), 6);
        // Quantized activations alone change the images, and six bits more than eight.
        Assert.InRange(Psnr(full), 10, 90);
        Assert.True(Psnr(six) < Psnr(plan));
        Assert.True(File.ReadAllText(run.Report).Contains("activations of 6 bits", StringComparison.Ordinal));

        using PackedModelReader packed = PackedModelReader.Open(Path.Combine(run.Packed, "transformer"));
        Assert.Equal(8, packed.Manifest.Activations.Common);
        string[] images =
        [
            await GenerateAsync(),
            await GenerateAsync("--activation-bits", "8"),
            await GenerateAsync("--activation-bits", "16"),
            await GenerateAsync("--activation-bits", "6"),
        ];
        Assert.Equal(images[0], images[1]);
        Assert.Equal(3, images.Distinct().Count());

        async Task<string> GenerateAsync(params string[] more)
        {
            Q2Result result = await Q2.RunAsync([
                "generate",
                run.Packed,
                "--prompt",
                "red apple, flat emoji",
                "--steps",
                "2",
                "--out",
                banked.NewFolder(),
                "--json",
                "--quiet",
                .. more,
            ]);
            return Convert.ToHexString(
                Cases.Pictures.Pixels(result.Succeeded().Json.GetProperty("images")[0].GetProperty("path").GetString()!)
            );
        }
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Weights_and_inputs_are_planned_together_within_bit_operations_and_packed_so()
    {
        RunDirectory run = banked.NewRun();
        string[] images = ["--images", "2", "--steps", "2", "--clip", "none"];
        await Run("study", run, ["--trials", "10", .. images]);
        await Run("measure", run, ["--images", "2", "--cotangents", "2", "--steps", "2"]);

        JsonElement plan = await Run("plan", run, "--size", "3.75", "--bit-operations", "0.1", "--activations", "8");

        JsonElement[] entries = [.. plan.GetProperty("entries").EnumerateArray()];
        JsonElement mixed = entries.Single(entry => Kind(entry) == "plan"),
            eight = entries.Single(entry => Kind(entry) == "roundedActivations");
        int[] bits = [.. mixed.GetProperty("activations").EnumerateObject().Select(layer => layer.Value.GetInt32())];
        Assert.InRange(bits.Length, 1, banked.Loaded.Weights.Count);
        Assert.All(bits, width => Assert.Contains(width, new[] { 8, 6, 4 }));
        double bound = mixed.GetProperty("bitOperationBudget").GetDouble();
        Assert.InRange(Operations(mixed), 0.95 * bound, bound);
        Assert.InRange(mixed.GetProperty("averageBits").GetDouble(), 3.3, 3.75);
        Assert.True(Operations(eight) > 0 && eight.GetProperty("activationBits").GetInt32() == 8);
        Assert.False(eight.TryGetProperty("activations", out JsonElement none) && none.ValueKind != JsonValueKind.Null);
        Assert.InRange(Psnr(mixed), 5, 90);
        output.WriteLine($"mixed {Psnr(mixed):0.00} dB at {Operations(mixed):0.0E+0}, A8 {Psnr(eight):0.00} dB");

        await Run("pack", run);
        using PackedModelReader packed = PackedModelReader.Open(Path.Combine(run.Packed, "transformer"));
        Assert.Equal(bits.Length, packed.Manifest.Activations.ByWeight.Count);
        string image = (await Generate(run.Packed)).GetProperty("images")[0].GetProperty("path").GetString()!;
        Assert.Contains("\"activations\":{", Cases.PngTexts.Read(image)["q2"], StringComparison.Ordinal);
        await Generate(run.Packed, "--execution", "packed");
        await Run("report", run);
        string key = mixed.GetProperty("key").GetString()!;
        JsonElement again = await Run(
            "generate",
            run,
            "--allocation",
            run.Plan,
            "--entry",
            key,
            "--prompt",
            "red apple",
            "--steps",
            "2",
            "--out",
            banked.NewFolder()
        );
        Assert.Equal(
            Cases.Pictures.Pixels(image),
            Cases.Pictures.Pixels(again.GetProperty("images")[0].GetProperty("path").GetString()!)
        );

        Task<JsonElement> Generate(string model, params string[] more) =>
            Json(["generate", model, "--prompt", "red apple", "--steps", "2", "--out", banked.NewFolder(), .. more]);
    }

    private static Task<JsonElement> Run(string verb, RunDirectory run, params string[] more) =>
        Json([verb, BankedRun.Model, "--run", run.DirectoryPath, .. more]);

    private static async Task<JsonElement> Json(string[] arguments) =>
        (await Q2.RunAsync([.. arguments, "--json", "--quiet"])).Succeeded().Json;

    [Fact]
    public async Task A_bound_on_bit_operations_needs_measured_inputs()
    {
        (await Q2.RunAsync("plan", BankedRun.Model, "--bit-operations", "0")).Refused("--bit-operations");
        (await Q2.RunAsync("plan", BankedRun.Model, "--bit-operations", "0.1", "--predictor", "ridge")).Refused(
            "--bit-operations"
        );
        (await Q2.RunAsync("run", BankedRun.Model, "--bit-operations", "0.1", "--method", "paper")).Refused(
            "--bit-operations"
        );
    }

    [Theory]
    [InlineData("plan", "--activations", "9")]
    [InlineData("plan", "--activations", "8,x")]
    [InlineData("pack", "--activation-bits", "16")]
    [InlineData("generate", "--activation-bits", "1")]
    [InlineData("pack", "--format", "q2,papyrus")]
    public async Task Bits_and_formats_that_do_not_exist_are_refused(string verb, string option, string value)
    {
        string[] prompt = verb == "generate" ? ["--prompt", "x"] : [];
        Q2Result result = await Q2.RunAsync([verb, BankedRun.Model, option, value, .. prompt]);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(option, result.Errors, StringComparison.Ordinal);
    }

    private static string Kind(JsonElement entry) => entry.GetProperty("kind").GetString()!;

    private static double Psnr(JsonElement entry) =>
        entry.GetProperty("metrics").GetProperty("psnr").GetProperty("value")
            is { ValueKind: JsonValueKind.Number } value
            ? value.GetDouble()
            : double.PositiveInfinity;

    private static double Operations(JsonElement entry) => entry.GetProperty("bitOperations").GetDouble();
}
