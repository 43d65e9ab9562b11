using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Stages;

/// <summary>Every stage, from folder to report and packed model, on a tiny pipeline of each family.</summary>
[Trait("Speed", "Slow")]
public sealed class WholeChainTests(ITestOutputHelper output) : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("q2-chain-").FullName;

    public static TheoryData<string> Families() =>
        [
            .. Directory
                .EnumerateDirectories(RepositoryFiles.Golden("pipelines"))
                .Append(RepositoryFiles.Models("emoji-unet"))
                .Select(folder => Path.GetRelativePath(RepositoryFiles.Root, folder))
                .Order(StringComparer.Ordinal),
        ];

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [MemberData(nameof(Families))]
    public void A_folder_becomes_a_plan_a_report_and_a_packed_model_with_the_same_images(string name)
    {
        string folder = Path.Combine(RepositoryFiles.Root, name);
        var run = new RunDirectory(Path.Combine(directory, "run"));
        var generation = new GenerationRequest
        {
            StepCount = 2,
            BatchSize = 4,
            Height = 64,
            Width = 64,
        };
        using OpenModel model = OpenModel.Open(folder);
        ScoringFiles scoring = ScoringFiles.Find(folder, ScoringFiles.None, ScoringFiles.None);
        var study = new StudyOptions
        {
            TrialCount = 10,
            ImageCount = 4,
            Generation = generation,
            Scoring = scoring,
        };
        var options = new WorkflowOptions(study)
        {
            Predictor = new PredictorOptions { Epochs = 10 },
            Budgets = [BitBudget.Parse("4")],
        };

        WorkflowResult result = Workflow.Run(model, run, options);

        Assert.True(File.Exists(result.Report));
        BitAllocation allocation = PlannedModel.Of(result.Plan).Allocation;
        ImageBatch quantized = Generate(
            model,
            options,
            binding => OpenModel.Apply(allocation, binding, BankStage.Run(model, run))
        );
        using OpenModel packed = OpenModel.Open(run.Packed);
        ImageBatch fromPacked = Generate(packed, options, null);
        double worst = quantized.Pixels.Zip(fromPacked.Pixels, (a, b) => Math.Abs((double)a - b)).Max();
        output.WriteLine($"{name}: packed images differ by {worst:G3}");
        Assert.True(worst <= 1e-5, $"The packed model's images differ by {worst:G3}.");
    }

    private static ImageBatch Generate(OpenModel model, WorkflowOptions options, Action<WeightBinding>? apply)
    {
        using WeightBinding binding = model.CreateBinding();
        apply?.Invoke(binding);
        using var pipeline = new DiffusionPipeline(model.Parts(new InferenceOptions()), model.Tensors, binding);
        StudyOptions study = options.Study;
        return pipeline.Generate(
            pipeline.Encode(study.ReadPrompts(), study.Generation),
            new SeededNoise(study.ImageSeeds),
            study.Generation
        );
    }
}
