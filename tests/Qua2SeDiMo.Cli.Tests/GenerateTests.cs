using System.Text.Json;
using Qua2SeDiMo.Cli.Tests.Cases;
using Qua2SeDiMo.Images;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Quantizers;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Cli.Tests;

[Collection(BankedRun.Name)]
public sealed class GenerateTests(BankedRun banked, ITestOutputHelper output)
{
    private static readonly string[] Request =
    [
        "--prompt",
        "red apple, flat emoji",
        "Ünïcode / prompt?",
        "--steps",
        "2",
        "--json",
        "--quiet",
        "--out",
    ];

    [Fact]
    public async Task A_packed_model_gives_the_pixels_of_the_fake_quantized_one()
    {
        string folder = banked.NewFolder(),
            packed = Path.Combine(folder, "packed"),
            file = Path.Combine(folder, "allocation.json");
        int weight = 0;
        BitAllocation allocation = BitAllocation.ForEach(
            banked.Loaded.Weights,
            _ => QuantizerSpec.PaperOptions[weight++ % QuantizerSpec.PaperOptions.Count]
        );
        File.WriteAllText(file, allocation.ToJson());
        (
            await Q2.RunAsync(
                "pack",
                BankedRun.Model,
                "--run",
                banked.Run.DirectoryPath,
                "--allocation",
                file,
                "--out",
                packed,
                "--json",
                "--quiet"
            )
        ).Succeeded();

        string[] original = Images(
            await Q2.RunAsync(["generate", BankedRun.Model, .. Request, Path.Combine(folder, "a")])
        );
        string[] quantized = Images(
            await Q2.RunAsync([
                "generate",
                BankedRun.Model,
                "--allocation",
                file,
                "--run",
                banked.Run.DirectoryPath,
                .. Request,
                Path.Combine(folder, "b"),
            ])
        );
        string[] fromPacked = Images(await Q2.RunAsync(["generate", packed, .. Request, Path.Combine(folder, "c")]));

        Assert.Equal(["000-red-apple-flat-emoji.png", "001-ünïcode-prompt.png"], fromPacked.Select(Path.GetFileName));
        Assert.Equal(quantized.Select(Pictures.Pixels), fromPacked.Select(Pictures.Pixels));
        Assert.NotEqual(original.Select(Pictures.Pixels), fromPacked.Select(Pictures.Pixels));

        // Packed execution, with codes from the bank and from the packed model.
        string[] executed = Images(
            await Q2.RunAsync(["generate", packed, "--execution", "packed", .. Request, Path.Combine(folder, "e")])
        );
        string[] fromBank = Images(
            await Q2.RunAsync([
                "generate",
                BankedRun.Model,
                "--execution",
                "packed",
                "--allocation",
                file,
                "--run",
                banked.Run.DirectoryPath,
                .. Request,
                Path.Combine(folder, "f"),
            ])
        );
        Assert.Equal(fromBank.Select(Pictures.Pixels), executed.Select(Pictures.Pixels));
        for (int i = 0; i < quantized.Length; i++)
        {
            double decibels = PeakSignalToNoise.Decibels(
                PngFile.Decode(File.ReadAllBytes(executed[i])).Image,
                PngFile.Decode(File.ReadAllBytes(quantized[i])).Image
            );
            output.WriteLine($"packed execution, {Path.GetFileName(quantized[i])}: {decibels:0.0} dB");
            Assert.InRange(decibels, 60, double.PositiveInfinity);
        }
        (await Q2.RunAsync(["generate", BankedRun.Model, "--execution", "packed", .. Request, folder])).Refused(
            "not quantized"
        );

        // The same allocation from a file with several, and in other formats.
        string several = Path.Combine(folder, "trials.json"),
            others = Path.Combine(folder, "others");
        File.WriteAllText(
            several,
            """{"trials": [{"name": "other", "allocation": {}}, {"name": "this", "allocation": """
                + allocation.ToJson()
                + "}]}"
        );
        JsonElement written = (
            await Q2.RunAsync(
                "pack",
                BankedRun.Model,
                "--run",
                banked.Run.DirectoryPath,
                "--allocation",
                several,
                "--entry",
                "this",
                "--format",
                "diffusers",
                "--out",
                others,
                "--json",
                "--quiet"
            )
        )
            .Succeeded()
            .Json;
        string[] fromOthers = Images(
            await Q2.RunAsync([
                "generate",
                written[0].GetProperty("directoryPath").GetString()!,
                .. Request,
                Path.Combine(folder, "d"),
            ])
        );
        for (int i = 0; i < quantized.Length; i++)
        {
            double decibels = PeakSignalToNoise.Decibels(
                PngFile.Decode(File.ReadAllBytes(fromOthers[i])).Image,
                PngFile.Decode(File.ReadAllBytes(quantized[i])).Image
            );
            output.WriteLine($"diffusers, {Path.GetFileName(quantized[i])}: {decibels:0.0} dB");
            Assert.InRange(decibels, 50, double.PositiveInfinity);
        }
        (
            await Q2.RunAsync(
                "pack",
                BankedRun.Model,
                "--run",
                banked.Run.DirectoryPath,
                "--allocation",
                several,
                "--out",
                others,
                "--quiet"
            )
        ).Refused("other, this");

        (
            await Q2.RunAsync(
                "generate",
                packed,
                "--prompt",
                "x",
                "--allocation",
                file,
                "--run",
                banked.Run.DirectoryPath,
                "--out",
                folder,
                "--quiet"
            )
        ).Refused("packed");
    }

    [Fact]
    public async Task An_entry_that_the_file_does_not_have_is_refused_with_those_it_has()
    {
        string trials = Path.Combine(BankedRun.Model, "trials", "trials.json");
        (
            await Q2.RunAsync(
                "generate",
                BankedRun.Model,
                "--prompt",
                "x",
                "--allocation",
                trials,
                "--entry",
                "nonsense",
                "--out",
                banked.NewFolder()
            )
        ).Refused("nonsense", "uniform-uaq-3");
        (
            await Q2.RunAsync(
                "generate",
                BankedRun.Model,
                "--prompt",
                "x",
                "--allocation",
                trials,
                "--out",
                banked.NewFolder()
            )
        ).Refused("uniform-uaq-3");
    }

    [Fact]
    public async Task Graph_writes_program_and_sensitivity_graph()
    {
        string run = banked.NewFolder();
        JsonElement graph = (await Q2.RunAsync("graph", BankedRun.Model, "--run", run, "--json", "--quiet"))
            .Succeeded()
            .Json;
        Assert.Equal(67, graph.GetProperty("weights").GetInt32());
        Assert.All(
            ["graph.txt", "graph.onnx", "dag.json", "dag.dot", "dag.svg"],
            name => Assert.True(new FileInfo(Path.Combine(run, name)).Length > 1000, name)
        );
    }

    private static string[] Images(Q2Result result) =>
        [
            .. result
                .Succeeded()
                .Json.GetProperty("images")
                .EnumerateArray()
                .Select(image => image.GetProperty("path").GetString()!),
        ];
}
