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
        Assert.Equal(8, packed.Manifest.ActivationBits);
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
