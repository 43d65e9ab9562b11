using System.Text.Json.Nodes;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Images;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies.Objectives;
using Xunit;

namespace Qua2SeDiMo.Tests.Stages;

/// <summary>Bits of layers' inputs go from an allocation through every packed form to the images.</summary>
public sealed class LayerActivationTests : IDisposable
{
    private static readonly GenerationRequest Request = new() { StepCount = 3, GuidanceScale = 3 };
    private static readonly int[] Widths = [8, 16, 6, 8, 4];
    private const string Prompt = "red apple, flat emoji";

    private readonly string folder = Directory.CreateTempSubdirectory("q2-layers-").FullName;

    private int calls;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_packed_model_rounds_the_input_of_each_layer_to_its_own_bits()
    {
        using OpenModel model = OpenModel.Open(RepositoryFiles.Models("emoji-pixart"));
        var run = new RunDirectory(Path.Combine(folder, "run"));
        QuantizerBank bank = BankStage.Run(model, run);
        BitAllocation allocation = BitAllocation.Uniform(model.Weights, new(QuantizerMethod.KMeansPerChannel, 4));
        var bits = model
            .Weights.Select((weight, i) => (weight.Name, Bits: Widths[i % Widths.Length]))
            .ToDictionary(pair => pair.Name, pair => pair.Bits);

        string packed = Pack(PackFormat.Q2),
            half = Pack(PackFormat.Diffusers);

        using WeightBinding binding = model.CreateBinding();
        OpenModel.Apply(allocation, binding, bank);
        float[] expected = Direct(new ActivationAllocation(bits)),
            unrounded = Direct(ActivationAllocation.None);
        Assert.Equal(expected, Generate(packed));
        Assert.InRange(Decibels(Generate(half), expected), 40, double.PositiveInfinity);
        Assert.Equal(unrounded, Generate(packed, GenerateOptions.UnroundedBits));
        Assert.InRange(Decibels(expected, unrounded), 5, 35);
        // Palettes of integers are another rounding.
        double reconstructed = Decibels(expected, unrounded),
            multiplied = Decibels(Generate(packed, execution: WeightExecution.Packed), unrounded);
        Assert.InRange(multiplied, reconstructed - 3, reconstructed + 3);
        JsonNode note = JsonNode.Parse(File.ReadAllText(Path.Combine(half, PackNote.FileName)))!;
        Assert.Equal(2, (int)note["version"]!);
        Assert.Equal(bits.Count(pair => pair.Value != 16), note["activations"]!.AsObject().Count);

        string Pack(PackFormat format) =>
            PackStage
                .Run(model, run, allocation, Path.Combine(folder, $"{format}"), null, format, activations: bits)
                .DirectoryPath;

        float[] Direct(ActivationAllocation activations)
        {
            using var pipeline = new DiffusionPipeline(
                model.Parts(new InferenceOptions(), activations),
                model.Tensors,
                binding
            );
            ImageBatch batch = pipeline.Generate(pipeline.Encode([Prompt], Request), new SeededNoise([1]), Request);
            return PngFile.Decode(PngFile.Encode(batch.Image(0), batch.Height, batch.Width)).Image;
        }
    }

    [Fact]
    public void Weights_as_they_are_with_quantized_inputs_do_not_make_the_full_precision_images()
    {
        using OpenModel model = OpenModel.Open(RepositoryFiles.Models("emoji-pixart"));
        QuantizerBank bank = BankStage.Run(model, new RunDirectory(Path.Combine(folder, "run")));
        var options = new StudyOptions
        {
            ImageCount = 1,
            Generation = Request,
            Prompts = [Prompt, Prompt],
            Scoring = new ScoringFiles(null, null, null),
        };

        double unrounded = Similarity(options),
            rounded = Similarity(
                options with
                {
                    Activations = model.Weights.ToDictionary(weight => weight.Name, _ => 4),
                }
            );

        Assert.Equal(1, unrounded, 1e-6);
        Assert.InRange(rounded, 0, 0.99);

        double Similarity(StudyOptions study)
        {
            string cache = Path.Combine(folder, "full-precision.safetensors");
            using var objective = new ImageObjective(model, bank, study, cache, null, null, default);
            return objective.Evaluate(0, BitAllocation.FullPrecision, null, default).Metrics[StudyMetric.Ssim.Name];
        }
    }

    private float[] Generate(
        string model,
        int? activationBits = null,
        WeightExecution execution = WeightExecution.Unpacked
    )
    {
        using OpenModel packed = OpenModel.Open(model);
        GenerateResult result = GenerateStage.Run(
            packed,
            Path.Combine(folder, $"images-{calls++}"),
            new GenerateOptions([Prompt], Request, Seed: 1) { ActivationBits = activationBits, Execution = execution }
        );
        return PngFile.Decode(File.ReadAllBytes(result.Images[0].Path)).Image;
    }

    private static double Decibels(float[] found, float[] expected) => PeakSignalToNoise.Decibels(found, expected);
}
