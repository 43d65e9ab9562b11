using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Runs;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests;

/// <summary>Measured sensitivity of the bundled model.</summary>
[Collection(BankedRun.Name)]
public sealed class MeasureTests(BankedRun banked)
{
    [Fact]
    public async Task A_sketch_scores_every_weight_under_every_option_by_step()
    {
        RunDirectory run = banked.NewRun();

        JsonElement result = (await Measure(run, "--images", "3", "--cotangents", "2")).Succeeded().Json;

        JsonElement[] weights = [.. result.GetProperty("weights").EnumerateArray()];
        Assert.Equal(banked.Loaded.Weights.Count, weights.Length);
        foreach (JsonElement weight in weights)
        {
            JsonElement[] options = [.. weight.GetProperty("options").EnumerateArray()];
            Assert.Equal(6, options.Length);
            Assert.All(
                options,
                option =>
                    Assert.True(
                        option.GetProperty("damage").GetDouble() >= 0
                            && option.GetProperty("standardError").GetDouble() >= 0
                    )
            );
            Assert.All(options, option => Assert.Equal(2, option.GetProperty("steps").GetArrayLength()));
        }
        Assert.Equal(
            "proj_out",
            weights
                .MaxBy(weight => weight.GetProperty("cost").GetDouble())
                .GetProperty("position")
                .GetProperty("name")
                .GetString()
        );
        Assert.Equal(
            weights.Length,
            result.GetProperty("blocks").EnumerateArray().Sum(block => block.GetProperty("weights").GetInt32())
        );
        JsonElement activations = result.GetProperty("activations");
        JsonElement[] inputs = [.. activations.GetProperty("inputs").EnumerateArray()];
        Assert.Equal(weights.Length, inputs.Length);
        foreach (JsonElement input in inputs)
        {
            JsonElement[] roundings = [.. input.GetProperty("roundings").EnumerateArray()];
            Assert.Equal([8, 6, 4], roundings.Select(rounding => rounding.GetProperty("bits").GetInt32()));
            Assert.All(roundings, rounding => Assert.True(rounding.GetProperty("damage").GetDouble() >= 0));
            Assert.All(roundings, rounding => Assert.True(rounding.GetProperty("standardError").GetDouble() >= 0));
            Assert.All(roundings, rounding => Assert.Equal(2, rounding.GetProperty("steps").GetArrayLength()));
        }
        double[] together =
        [
            .. activations
                .GetProperty("everywhere")
                .EnumerateArray()
                .Select(all => all.GetProperty("size").GetDouble()),
        ];
        Assert.True(
            together[0] > 0 && together[0] < together[1] && together[1] < together[2],
            string.Join(' ', together)
        );
    }

    [Fact]
    public async Task A_measurement_of_before_has_no_rounded_inputs_and_a_new_one_adds_them()
    {
        RunDirectory run = banked.NewRun();
        (await Measure(run, "--images", "1", "--cotangents", "1")).Succeeded();
        JsonNode record = JsonNode.Parse(await File.ReadAllTextAsync(run.Measurement))!;
        record["options"]!.AsObject().Remove("activationBits");
        record["sensitivity"]!.AsObject().Remove("activations");
        await File.WriteAllTextAsync(run.Measurement, record.ToJsonString());
        string file = Assert.Single(Written(run).Keys);
        WithoutActivations(file);

        Q2Result old = await Q2.RunAsync("explain", BankedRun.Model, "--run", run.DirectoryPath, "--json", "--quiet");
        JsonElement again = (await Measure(run, "--images", "1", "--cotangents", "1")).Succeeded().Json;

        JsonElement measured = old.Succeeded().Json.GetProperty("measured");
        Assert.Equal(67, measured.GetProperty("weights").GetArrayLength());
        Assert.False(
            measured.TryGetProperty("activations", out JsonElement none) && none.ValueKind != JsonValueKind.Null
        );
        Assert.Equal(67, again.GetProperty("activations").GetProperty("inputs").GetArrayLength());

        static void WithoutActivations(string path)
        {
            Dictionary<string, string> metadata;
            long[] shape;
            float[] effects;
            using (SafetensorsFile stored = SafetensorsFile.Open(path))
            {
                metadata = stored.Metadata.Where(pair => pair.Key != "activation_bits").ToDictionary();
                shape = [.. stored.Tensors["effects"].Shape];
                effects = stored.ReadSingle("effects");
                Assert.Equal(3, stored.Tensors["activations"].Shape[^1]);
            }
            SafetensorsWriter.Write(path, [SafetensorsWriter.Item.Single("effects", shape, effects)], metadata);
        }
    }

    [Fact]
    public async Task What_was_measured_is_not_measured_again_and_more_images_go_on()
    {
        RunDirectory run = banked.NewRun();
        (await Measure(run, "--images", "2", "--cotangents", "2")).Succeeded();
        Dictionary<string, DateTime> before = Written(run);

        JsonElement fewer = (await Measure(run, "--images", "2", "--cotangents", "1")).Succeeded().Json;
        JsonElement more = (await Measure(run, "--images", "3", "--cotangents", "2", "--batch", "1")).Succeeded().Json;

        Assert.Equal((2, 1), (fewer.GetProperty("images").GetInt32(), fewer.GetProperty("cotangents").GetInt32()));
        Assert.Equal(3, more.GetProperty("images").GetInt32());
        Dictionary<string, DateTime> after = Written(run);
        Assert.Equal(3, after.Count);
        Assert.All(before, file => Assert.Equal(file.Value, after[file.Key]));
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task A_damaged_file_is_made_again_and_a_whole_one_is_the_same_whoever_makes_it()
    {
        RunDirectory run = banked.NewRun(),
            shared = banked.NewRun();
        (await Measure(run, "--images", "4", "--cotangents", "1", "--batch", "1")).Succeeded();
        string[] files = [.. Written(run).Keys];
        byte[] whole = await File.ReadAllBytesAsync(files[0]);
        await File.WriteAllBytesAsync(files[0], whole[..^100]);

        (await Measure(run, "--images", "4", "--cotangents", "1", "--batch", "1")).Succeeded();
        Task<Q2Result>[] both =
        [
            .. Enumerable
                .Range(0, 2)
                .Select(_ => Measure(shared, "--images", "4", "--cotangents", "1", "--batch", "1")),
        ];
        foreach (Q2Result result in await Task.WhenAll(both))
            result.Succeeded();

        Assert.Equal(whole, await File.ReadAllBytesAsync(files[0]));
        Assert.Equal(files.Select(Path.GetFileName), Written(shared).Keys.Select(Path.GetFileName));
        foreach (string file in files)
            Assert.Equal(
                await File.ReadAllBytesAsync(file),
                await File.ReadAllBytesAsync(Path.Combine(shared.MeasuredImages, Path.GetFileName(file)))
            );
    }

    [Fact]
    public async Task Other_settings_are_other_numbers()
    {
        RunDirectory run = banked.NewRun();
        (await Measure(run, "--images", "1", "--cotangents", "1")).Succeeded();
        (await Measure(run, "--images", "1", "--cotangents", "1", "--guidance", "2")).Succeeded();
        (await Measure(run, "--images", "1", "--cotangents", "1", "--calls-only", "--states", "1")).Succeeded();
        (await Measure(run, "--images", "1", "--cotangents", "1", "--cotangent-seed", "2")).Succeeded();

        Assert.Equal(4, Written(run).Count);
    }

    [Fact]
    public async Task Mixtures_are_ordered_by_their_damage()
    {
        RunDirectory run = banked.NewRun();
        string file = Path.Combine(banked.NewFolder(), "mixtures.json");
        string Uniform(string option) =>
            JsonSerializer.Serialize(banked.Loaded.Weights.ToDictionary(weight => weight.Name, _ => option));
        await File.WriteAllTextAsync(
            file,
            $$"""
            {"trials": [{"name": "three", "allocation": {{Uniform("uaq-3")}}}, {"name": "four", "allocation": {{Uniform(
                "kmeans-c-4"
            )}}}, {"name": "none", "allocation": null}]}
            """
        );

        JsonElement[] predictions =
        [
            .. (await Measure(run, "--images", "2", "--cotangents", "1", "--allocations", file))
                .Succeeded()
                .Json.GetProperty("predictions")
                .EnumerateArray(),
        ];

        Assert.Equal(["three", "four", "none"], predictions.Select(row => row.GetProperty("name").GetString()));
        double[] damages = [.. predictions.Select(row => row.GetProperty("damage").GetDouble())];
        Assert.True(damages[0] > damages[1] && damages[1] > 0, string.Join(' ', damages));
        Assert.Equal(0, damages[2]);
        Assert.All(predictions, row => Assert.False(row.TryGetProperty("predicted", out _)));
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Labelled_trials_of_the_run_turn_damage_into_a_metric()
    {
        RunDirectory run = banked.NewRun();
        (
            await Q2.RunAsync(
                "study",
                BankedRun.Model,
                "--run",
                run.DirectoryPath,
                "--trials",
                "9",
                "--images",
                "1",
                "--steps",
                "2",
                "--clip",
                "none",
                "--quiet"
            )
        ).Succeeded();
        string file = Path.Combine(banked.NewFolder(), "mixtures.json");
        string all = JsonSerializer.Serialize(banked.Loaded.Weights.ToDictionary(weight => weight.Name, _ => "uaq-4"));
        await File.WriteAllTextAsync(file, $$"""[{"name": "four", "allocation": {{all}}}]""");

        JsonElement result = (await Measure(run, "--images", "1", "--cotangents", "2", "--allocations", file))
            .Succeeded()
            .Json;

        JsonElement predicted = Assert
            .Single(result.GetProperty("predictions").EnumerateArray())
            .GetProperty("predicted");
        Assert.Equal("ssim", predicted.GetProperty("metric").GetString());
        Assert.InRange(
            predicted.GetProperty("value").GetDouble(),
            predicted.GetProperty("low").GetDouble(),
            predicted.GetProperty("high").GetDouble()
        );
        Assert.InRange(result.GetProperty("line").GetProperty("coverage").GetDouble(), 0, 1);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Calls_with_one_weight_changed_find_what_a_sketch_finds()
    {
        RunDirectory run = banked.NewRun();

        JsonElement calls = (await Measure(run, "--method", "call", "--images", "1", "--states", "1")).Succeeded().Json;
        JsonElement sketch = (
            await Measure(run, "--calls-only", "--images", "1", "--states", "1", "--cotangents", "64")
        )
            .Succeeded()
            .Json;

        // Four bits change little, so the first-order estimate is close to the exact damage.
        double[] exact = Damages(calls),
            estimated = Damages(sketch);
        double[] ratios =
        [
            .. exact.Zip(estimated).Where(pair => pair.First > 0).Select(pair => pair.Second / pair.First).Order(),
        ];
        Assert.InRange(ratios[ratios.Length / 2], 0.7, 1.4);

        static double[] Damages(JsonElement result) =>
            [
                .. result
                    .GetProperty("weights")
                    .EnumerateArray()
                    .SelectMany(weight => weight.GetProperty("options").EnumerateArray())
                    .Where(option => option.GetProperty("option").GetString() == "kmeans-a-4")
                    .Select(option => option.GetProperty("damage").GetDouble()),
            ];
    }

    [Fact]
    public async Task What_a_measurement_says_is_held_against_probes()
    {
        RunDirectory run = banked.NewRun();
        (await Measure(run, "--images", "4", "--cotangents", "2")).Succeeded();
        string probes = RepositoryFiles.Golden("probes/emoji-pixart.json");

        JsonElement result = (
            await Q2.RunAsync(
                "explain",
                BankedRun.Model,
                "--run",
                run.DirectoryPath,
                "--against",
                probes,
                "--json",
                "--quiet"
            )
        )
            .Succeeded()
            .Json;

        JsonElement agreement = result.GetProperty("agreement");
        Assert.Equal("measurement", agreement.GetProperty("source").GetString());
        Assert.Equal(67, agreement.GetProperty("weights").GetInt32());
        Assert.InRange(agreement.GetProperty("kendallTau").GetDouble(), 0.3, 1);
        Assert.InRange(agreement.GetProperty("kendallTauAboveError").GetDouble(), 0.3, 1);
        Assert.InRange(agreement.GetProperty("spearman").GetDouble(), 0.4, 1);
        Assert.InRange(agreement.GetProperty("allOptions").GetProperty("kendallTau").GetDouble(), 0.2, 1);
        Assert.NotEmpty(result.GetProperty("measured").GetProperty("sentences").EnumerateArray());
        string[] table = (
            await Q2.RunAsync("explain", BankedRun.Model, "--run", run.DirectoryPath, "--against", probes, "--quiet")
        )
            .Succeeded()
            .Output.Split('\n');
        Assert.Contains(table, line => line.Contains("measurement", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Probes_of_another_model_are_refused()
    {
        RunDirectory run = banked.NewRun();
        (await Measure(run, "--images", "1", "--cotangents", "1")).Succeeded();

        (
            await Q2.RunAsync(
                "explain",
                BankedRun.Model,
                "--run",
                run.DirectoryPath,
                "--against",
                RepositoryFiles.Golden("probes/emoji-unet.json"),
                "--quiet"
            )
        ).Refused("no weight of this model");
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Plans_by_measurement_need_no_fit_and_promise_what_they_give()
    {
        RunDirectory run = banked.NewRun();
        (
            await Q2.RunAsync(
                "study",
                BankedRun.Model,
                "--run",
                run.DirectoryPath,
                "--trials",
                "10",
                "--images",
                "2",
                "--steps",
                "2",
                "--clip",
                "none",
                "--quiet"
            )
        ).Succeeded();
        (await Measure(run, "--images", "2", "--cotangents", "2")).Succeeded();

        JsonElement plan = (
            await Q2.RunAsync("plan", BankedRun.Model, "--run", run.DirectoryPath, "--size", "3.5", "--json", "--quiet")
        )
            .Succeeded()
            .Json;

        Assert.Equal("measured", plan.GetProperty("predictor").GetString());
        JsonElement chosen = plan.GetProperty("entries")
            .EnumerateArray()
            .Single(entry => entry.GetProperty("kind").GetString() == "plan");
        Assert.Equal("measured", chosen.GetProperty("predictor").GetString());
        Assert.InRange(chosen.GetProperty("averageBits").GetDouble(), 3.3, 3.5);
        JsonElement promise = chosen.GetProperty("promise");
        Assert.InRange(
            promise.GetProperty("value").GetDouble(),
            promise.GetProperty("low").GetDouble(),
            promise.GetProperty("high").GetDouble()
        );
        Assert.True(chosen.GetProperty("metrics").TryGetProperty("ssim-fresh", out _));
        (await Q2.RunAsync("pack", BankedRun.Model, "--run", run.DirectoryPath, "--quiet")).Succeeded();
        (await Q2.RunAsync("report", BankedRun.Model, "--run", run.DirectoryPath, "--quiet")).Succeeded();
        Assert.Contains("Measured sensitivity", await File.ReadAllTextAsync(run.Report), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("state 2", "--method", "call", "--states", "2")]
    [InlineData("--states", "--states", "1")]
    [InlineData("--cotangents", "--method", "probe", "--cotangents", "2")]
    public async Task What_cannot_be_is_refused(string named, params string[] arguments) =>
        (await Measure(banked.NewRun(), arguments)).Refused(named);

    private static Task<Q2Result> Measure(RunDirectory run, params string[] arguments) =>
        Q2.RunAsync([
            "measure",
            BankedRun.Model,
            "--run",
            run.DirectoryPath,
            "--steps",
            "2",
            "--quiet",
            "--json",
            .. arguments,
        ]);

    private static Dictionary<string, DateTime> Written(RunDirectory run) =>
        Directory.GetFiles(run.MeasuredImages).Order().ToDictionary(file => file, File.GetLastWriteTimeUtc);
}
