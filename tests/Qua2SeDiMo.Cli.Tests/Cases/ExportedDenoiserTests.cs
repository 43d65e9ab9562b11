using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Images;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;
using Qua2SeDiMo.Studies.Storage;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>A denoiser exported by torch.onnx gives in every stage the results of the same denoiser stored as
/// safetensors.</summary>
public sealed class ExportedDenoiserTests : IDisposable
{
    // Tolerances of decibels (up to 100) and similarities (up to 1) of trials: the export sums in another order than
    // its safetensors twin.
    private const double DecibelTolerance = 0.05,
        Tolerance = 1e-3;

    private readonly ModelCopy export = new("", "export");
    private readonly ModelCopy twin = new("", "twin");

    [Fact]
    public async Task An_exported_U_Net_alone_is_inspected_banked_and_packed()
    {
        ModelCopy.CopyFolder(RepositoryFiles.Golden("onnx-exports/unet-sd15.torchscript/unet"), export.In("unet"));
        WriteIndex(export, "unet");
        JsonElement quantizable = (await Q2.RunAsync("inspect", export.Path, "--json"))
            .Succeeded()
            .Json.GetProperty("quantizable");
        Assert.Equal(
            (188, 180_352),
            (quantizable.GetProperty("weights").GetInt32(), quantizable.GetProperty("parameters").GetInt32())
        );
        string run = export.Beside("run"),
            allocation = export.Beside("allocation.json");

        (await Q2.RunAsync("bank", export.Path, "--run", run, "--quiet")).Succeeded();

        using (OpenModel model = OpenModel.Open(export.Path))
        {
            File.WriteAllText(allocation, BitAllocation.Uniform(model.Weights, QuantizerSpec.PaperOptions[0]).ToJson());
        }
        string[] pack = ["pack", export.Path, "--run", run, "--allocation", allocation, "--quiet", "--format"];
        (await Q2.RunAsync([.. pack, "q2,onnx,recipes"])).Succeeded();
        (await Q2.RunAsync("inspect", Path.Combine(run, "packed"), "--json")).Succeeded();
        (await Q2.RunAsync([.. pack, "diffusers"])).Refused("ONNX export");
        // Verbs that generate images report all missing components together and create nothing.
        (await Q2.RunAsync("study", export.Path, "--run", export.Beside("other"), "--quiet")).Refused(
            "'vae'",
            "'scheduler'",
            "'text_encoder'",
            "'tokenizer'"
        );
        Assert.False(Directory.Exists(export.Beside("other")));
    }

    [Theory]
    [InlineData("unet-sd15", "torchscript")]
    [InlineData("dit", "dynamo")]
    public async Task Bank_study_and_packed_pictures_are_those_of_the_safetensors_twin(string name, string exporter) =>
        await CompareAsync(name, exporter);

    [Theory]
    [Trait("Speed", "Slow")]
    [InlineData("unet-sd15", "dynamo")]
    [InlineData("dit", "torchscript")]
    public async Task So_they_are_by_the_other_exporter(string name, string exporter) =>
        await CompareAsync(name, exporter);

    [Theory]
    [InlineData("unet-sdxl", "torchscript")]
    [InlineData("unet-sdxl", "dynamo")]
    [InlineData("pixart-alpha-512", "torchscript")]
    public void The_bank_of_a_larger_export_is_the_twins(string name, string exporter)
    {
        Assemble(export, "", name, Path.Combine("onnx-exports", $"{name}.{exporter}", Component(name)));
        Assemble(twin, "", name, Path.Combine("architectures", name));
        using OpenModel exported = OpenModel.Open(export.Path),
            plain = OpenModel.Open(twin.Path);
        AssertSameBank(plain, exported);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task All_stages_run_in_one_go()
    {
        Pipeline(export, "unet-sd15", "onnx-exports/unet-sd15.torchscript/unet");
        string run = export.Beside("run");

        string[] small =
        [
            "--trials",
            "12",
            "--images",
            "1",
            "--steps",
            "1",
            "--clip",
            "none",
            "--reference",
            "none",
            "--epochs",
            "2",
        ];
        (await Q2.RunAsync(["run", export.Path, "--run", run, .. small, "--size", "4.0", "--quiet"])).Succeeded();

        Assert.True(File.Exists(Path.Combine(run, "report.html")));
        string[] generate = ["--prompt", "a cat", "--steps", "1", "--out", export.Beside("images"), "--quiet"];
        (await Q2.RunAsync(["generate", Path.Combine(run, "packed"), .. generate])).Succeeded();
    }

    public void Dispose()
    {
        export.Dispose();
        twin.Dispose();
    }

    private async Task CompareAsync(string name, string exporter)
    {
        string component = Component(name),
            prompt = name == "dit" ? "3" : "a cat";
        Pipeline(export, name, $"onnx-exports/{name}.{exporter}/{component}");
        Pipeline(twin, name, $"architectures/{name}");
        using OpenModel exported = OpenModel.Open(export.Path),
            plain = OpenModel.Open(twin.Path);
        AssertSameBank(plain, exported);
        (RunDirectory run, RunDirectory twinRun) = (new(export.Beside("run")), new(twin.Beside("run")));
        string[] study =
        [
            "--trials",
            "2",
            "--images",
            "2",
            "--steps",
            "2",
            "--clip",
            "none",
            "--reference",
            "none",
            "--quiet",
        ];
        (await Q2.RunAsync(["study", export.Path, "--run", run.DirectoryPath, .. study])).Succeeded();
        (await Q2.RunAsync(["study", twin.Path, "--run", twinRun.DirectoryPath, .. study])).Succeeded();
        IReadOnlyList<Trial> trials = List(run),
            twins = List(twinRun);
        Assert.All(
            trials.Zip(twins),
            pair =>
            {
                Assert.Equal((TrialState.Complete, pair.Second.Allocation), (pair.First.State, pair.First.Allocation));
                Assert.Equal(pair.Second.Metrics.Keys.Order(), pair.First.Metrics.Keys.Order());
                foreach ((string metric, double value) in pair.Second.Metrics)
                {
                    double tolerance =
                        metric == StudyMetric.Psnr.Name ? DecibelTolerance
                        : metric == StudyMetric.Ssim.Name ? Tolerance
                        : 0;
                    Assert.InRange(pair.First.Metrics[metric], value - tolerance, value + tolerance);
                }
            }
        );

        string allocation = export.Beside("allocation.json");
        File.WriteAllText(allocation, trials[0].Allocation.ToJson());
        (
            await Q2.RunAsync("pack", export.Path, "--run", run.DirectoryPath, "--allocation", allocation, "--quiet")
        ).Succeeded();
        string[] generate = ["--prompt", prompt, "--steps", "2", "--quiet"];
        (await Q2.RunAsync(["generate", run.Packed, "--out", export.Beside("packed"), .. generate])).Succeeded();
        QuantizerBank twinBank = QuantizerBank.Open(twinRun.Bank);
        PackStage.Run(plain, twinRun, twins[0].Allocation, twinRun.Packed, null);
        using OpenModel twinPacked = OpenModel.Open(twinRun.Packed);
        var options = new GenerateOptions([prompt], new GenerationRequest { StepCount = 2 }, 42);
        float[] expected = Pixels(
            GenerateStage.Run(plain, twin.Beside("fake"), options, (twins[0].Allocation, twinBank)).Images[0].Path
        );
        Assert.Equal(expected, Pixels(GenerateStage.Run(twinPacked, twin.Beside("packed"), options).Images[0].Path));
        AssertNear(expected, Pixels(Directory.EnumerateFiles(export.Beside("packed")).Single()));
        GenerateResult fake = GenerateStage.Run(
            exported,
            export.Beside("fake"),
            options,
            (trials[0].Allocation, QuantizerBank.Open(run.Bank))
        );
        Assert.Equal(Pixels(fake.Images[0].Path), Pixels(Directory.EnumerateFiles(export.Beside("packed")).Single()));
    }

    private void AssertSameBank(OpenModel plain, OpenModel exported)
    {
        Assert.Equal(plain.Weights.Select(Describe), exported.Weights.Select(Describe));
        Assert.Equal(plain.QuantizableBytes, exported.QuantizableBytes);
        string expected = BankStage.Run(plain, new RunDirectory(twin.Beside("run"))).DirectoryPath;
        string actual = BankStage.Run(exported, new RunDirectory(export.Beside("run"))).DirectoryPath;
        Assert.Equal(Names(expected), Names(actual));
        foreach (string file in Names(expected).Where(name => name != "bank.json"))
        {
            Assert.Equal(
                File.ReadAllBytes(Path.Combine(expected, file)),
                File.ReadAllBytes(Path.Combine(actual, file))
            );
        }
        // The manifests are equal except for the name of the source file.
        Assert.Equal(Manifest(expected).ToJsonString(), Manifest(actual).ToJsonString());

        static string Describe(QuantizableWeight weight) =>
            $"{weight.Name} {weight.Operator} {string.Join('x', weight.Shape)} {weight.ElementCount} {weight.TiedTo}";
        static string[] Names(string folder) =>
            [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        static JsonNode Manifest(string folder)
        {
            JsonObject manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "bank.json")))!.AsObject();
            manifest.Remove("checkpoint");
            return manifest;
        }
    }

    private static string Component(string name) =>
        name.StartsWith("unet", StringComparison.Ordinal) ? "unet" : "transformer";

    private static void Pipeline(ModelCopy model, string name, string denoiser)
    {
        bool isUNet = name == "unet-sd15";
        Assemble(model, isUNet ? "stable-diffusion-15" : "dit", name, denoiser);
        if (!isUNet)
            return;
        // The export takes text embeddings of 11 tokens with width 24.
        foreach (string part in new[] { "text_encoder", "tokenizer" })
        {
            Directory.Delete(model.In(part), recursive: true);
            ModelCopy.CopyFolder(RepositoryFiles.Golden($"pipelines/stable-diffusion-xl/{part}_2"), model.In(part));
        }
        model.Edit("text_encoder/config.json", ("architectures", new JsonArray("CLIPTextModel")));
        model.Edit("tokenizer/tokenizer_config.json", ("model_max_length", 11));
    }

    // Puts a denoiser of tests/golden into a pipeline folder, or into a folder without other components.
    private static void Assemble(ModelCopy model, string pipeline, string name, string denoiser)
    {
        string component = Component(name);
        if (pipeline.Length > 0)
        {
            ModelCopy.CopyFolder(RepositoryFiles.Golden($"pipelines/{pipeline}"), model.Path);
            Directory.Delete(model.In(component), recursive: true);
        }
        else
        {
            WriteIndex(model, component);
        }
        ModelCopy.CopyFolder(RepositoryFiles.Golden(denoiser), model.In(component));
        foreach (
            string extra in new[]
            {
                "case.json",
                "inputs.safetensors",
                "outputs.safetensors",
                "intermediates.safetensors",
            }
        )
        {
            File.Delete(model.In(Path.Combine(component, extra)));
        }
    }

    private static void WriteIndex(ModelCopy model, string component)
    {
        string className = component == "unet" ? "UNet2DConditionModel" : "PixArtTransformer2DModel";
        var index = new JsonObject
        {
            ["_class_name"] = "StableDiffusionPipeline",
            [component] = new JsonArray("diffusers", className),
        };
        File.WriteAllText(model.In("model_index.json"), index.ToJsonString());
    }

    private static IReadOnlyList<Trial> List(RunDirectory run)
    {
        using SqliteStudyStore store = SqliteStudyStore.Open(run.StudyDatabase, TimeProvider.System);
        return store.List();
    }

    private static float[] Pixels(string png) => PngFile.Decode(File.ReadAllBytes(png)).Image;

    // Pixels may differ by at most 1/255.
    private static void AssertNear(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 1.5f / 255));
    }
}
