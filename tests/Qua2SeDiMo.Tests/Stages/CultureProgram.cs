using System.Globalization;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Xunit;

namespace Qua2SeDiMo.Tests.Stages;

/// <summary>Runs all stages on a small model in a separate process, whose culture writes numbers with signs that appear
/// nowhere else.</summary>
internal static class CultureProgram
{
    /// <summary>First argument of its command line.</summary>
    internal const string Name = "all-stages";

    /// <summary>Signs that no file and no message may contain.</summary>
    internal const string Signs = "٫⊖⊕☠♾⁒";

    internal static int Run(string model, string folder, bool isHostile)
    {
        if (isHostile)
            SetCulture();
        using OpenModel loaded = OpenModel.Open(model);
        var run = new RunDirectory(Path.Combine(folder, "run"));
        var study = new StudyOptions
        {
            TrialCount = 10,
            ImageCount = 2,
            Generation = new GenerationRequest
            {
                StepCount = 1,
                GuidanceScale = 1.5,
                Height = 64,
                Width = 64,
                BatchSize = 2,
            },
            Scoring = ScoringFiles.Find(model, ScoringFiles.None, ScoringFiles.None),
        };
        var options = new WorkflowOptions(study)
        {
            Predictor = new PredictorOptions { Epochs = 2 },
            Objective = "psnr",
            SizeWeight = 0.125,
            Budgets = [BitBudget.Parse("3.75"), BitBudget.Best],
            Activations = [8],
            Command = "q2",
        };
        WorkflowResult result = Workflow.Run(loaded, run, options);
        QuantizerBank bank = QuantizerBank.Open(run.Bank);
        BitAllocation plan = PlannedModel.Of(result.Plan).Allocation;
        foreach (PackFormat format in new[] { PackFormat.Diffusers, PackFormat.OnnxOperators, PackFormat.Recipes })
        {
            PackStage.Run(loaded, run, plan, run.PackedAs(format.ToString()), null, format);
        }
        GraphStage.Run(loaded, run, withOnnx: true);
        var request = new GenerateOptions(["a cat"], study.Generation, ulong.MaxValue);
        GenerateStage.Run(loaded, Path.Combine(folder, "images"), request, (plan, bank));
        using OpenModel packed = OpenModel.Open(run.Packed);
        GenerateStage.Run(packed, Path.Combine(folder, "from-packed"), request);
        Console.WriteLine(BitBudget.Parse("1.9MB"));
        Console.WriteLine(Assert.Throws<FormatException>(() => BitBudget.Parse("3,5")).Message);
        Console.WriteLine(Assert.ThrowsAny<Q2Exception>(() => PlannedModel.Of(result.Plan, 99.5)).Message);
        return 0;
    }

    private static void SetCulture()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        NumberFormatInfo numbers = culture.NumberFormat;
        numbers.NumberDecimalSeparator = numbers.PercentDecimalSeparator = numbers.CurrencyDecimalSeparator = "٫";
        // With a point as group separator, as in German, 1.5 would be read as 15.
        numbers.NumberGroupSeparator = numbers.PercentGroupSeparator = numbers.CurrencyGroupSeparator = ".";
        numbers.NegativeSign = "⊖";
        numbers.PositiveSign = "⊕";
        numbers.NaNSymbol = "☠";
        numbers.PositiveInfinitySymbol = "♾";
        numbers.NegativeInfinitySymbol = "⊖♾";
        numbers.PercentSymbol = "⁒";
        CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = culture;
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.DefaultThreadCurrentUICulture = culture;
    }
}
