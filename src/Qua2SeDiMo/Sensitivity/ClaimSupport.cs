using System.Text.Json.Serialization;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>A trial that speaks for or against a claim.</summary>
/// <param name="Trial">Index of the trial.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Influence">By how much the claim's value falls when it is left out; negative speaks against.</param>
/// <param name="Label">Its label.</param>
/// <param name="AverageBits">Its size.</param>
/// <param name="First">Share of the weights of the first group that have the fewest bits in it.</param>
/// <param name="Second">As for the second group; null where the claim compares with all weights.</param>
/// <param name="Images">Where its images are; null where none are stored.</param>
public sealed record SupportingTrial(
    int Trial,
    string Name,
    double Influence,
    double Label,
    double AverageBits,
    double First,
    double? Second,
    string? Images
);

/// <summary>A claim for one image (prompt and seed) alone: the same combination of that image's values over the
/// trials.</summary>
/// <param name="Image">Index of the image.</param>
/// <param name="Prompt">Its prompt.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Value">The claim's value by this image; their mean is the claim's.</param>
public sealed record SupportingImage(int Image, string Prompt, ulong Seed, double Value);

/// <summary>What a claim of ridge regression rests on.</summary>
/// <param name="Claim">In words.</param>
/// <param name="Value">Its value: A − B in label units; above zero it holds.</param>
/// <param name="TrialCount">Trials in all.</param>
/// <param name="TrialsToFlip">
/// How many of the most supporting trials would have to be left out for the value to change its sign, by the sum of
/// their single influences (a first-order estimate); null where half of the trials would not do.
/// </param>
/// <param name="Supporting">The trials that speak most for it.</param>
/// <param name="Opposing">The trials that speak most against it.</param>
/// <param name="ImageCount">Images by which it was taken apart; 0 where labels are not means over images or images are
/// not known.</param>
/// <param name="ImagesInFavour">Images by which alone it holds.</param>
/// <param name="SupportingImages">The images that speak most for it.</param>
public sealed record ClaimSupport(
    string Claim,
    double Value,
    int TrialCount,
    [property: JsonPropertyName("turnsAround")] int? TrialsToFlip,
    IReadOnlyList<SupportingTrial> Supporting,
    IReadOnlyList<SupportingTrial> Opposing,
    int ImageCount,
    int ImagesInFavour,
    IReadOnlyList<SupportingImage> SupportingImages
);

/// <summary>Values of every image of every trial, and what made them, where a label is their mean.</summary>
/// <param name="Values">[trial][image], signed so that larger is better.</param>
/// <param name="Prompts">Per image.</param>
/// <param name="Seeds">Per image.</param>
internal sealed record ImageLabels(
    IReadOnlyList<IReadOnlyList<double>> Values,
    IReadOnlyList<string> Prompts,
    IReadOnlyList<ulong> Seeds
);

/// <summary>Finds the trials and images behind differences of ridge coefficients.</summary>
internal sealed class ClaimFinder
{
    private const int MaxNamed = 5;

    private readonly TrainingSet study;
    private readonly RidgeInfluence influence;
    private readonly IReadOnlyList<string> names;
    private readonly IReadOnlyList<string?> images;
    private readonly ImageLabels? imageLabels;
    private readonly int[] wide,
        narrow;

    /// <summary>Prepares the influence of every trial.</summary>
    public ClaimFinder(
        TrainingSet study,
        RidgeModel model,
        IReadOnlyList<string> names,
        IReadOnlyList<string?> images,
        ImageLabels? imageLabels,
        CancellationToken cancellationToken
    )
    {
        this.study = study;
        this.names = names;
        this.images = images;
        this.imageLabels = imageLabels;
        (wide, narrow) = FewerBitsCosts.Groups(study.Features);
        influence = new RidgeInfluence(
            model,
            study.Features,
            [.. study.Trials.Select(trial => trial.Options)],
            [.. study.Trials.Select(trial => trial.Target)],
            cancellationToken
        );
    }

    /// <summary>Support of "fewer bits cost more in the first group than in the second", or than in the mean of all
    /// weights.</summary>
    public ClaimSupport Find(WeightGroup first, WeightGroup? second)
    {
        int count = study.Features.WeightCount,
            options = study.Features.OptionCount;
        double[] byWeight = first.Against(
            second ?? new WeightGroup("all weights", "all", [.. Enumerable.Range(0, count)]),
            count
        );
        double[] contrast = new double[count * options];
        for (int w = 0; w < count; w++)
        {
            foreach (int o in wide)
                contrast[(w * options) + o] += byWeight[w] / wide.Length;
            foreach (int o in narrow)
                contrast[(w * options) + o] -= byWeight[w] / narrow.Length;
        }
        CoefficientInfluence found = influence.Of(contrast);
        int[] order = [.. Enumerable.Range(0, study.Trials.Count).OrderByDescending(t => found.Influence[t])];
        return Images(
            found,
            new ClaimSupport(
                $"4 to 3 bits costs more in {first.Name} than in {second?.Name ?? "the mean of all weights"}",
                found.Value,
                study.Trials.Count,
                TrialsToFlip(found, order),
                [.. order.Take(MaxNamed).Where(t => found.Influence[t] > 0).Select(Describe)],
                [.. order.TakeLast(MaxNamed).Reverse().Where(t => found.Influence[t] < 0).Select(Describe)],
                0,
                0,
                []
            )
        );

        SupportingTrial Describe(int t) =>
            new(
                t,
                names[t],
                found.Influence[t],
                study.Trials[t].Target,
                study.Trials[t].AverageBits,
                Narrow(first, t),
                second is null ? null : Narrow(second, t),
                images[t]
            );
    }

    private double Narrow(WeightGroup group, int trial) =>
        group.Weights.Average(w => narrow.Contains(study.Trials[trial].Options[w]) ? 1.0 : 0);

    // For a value below zero, the trials that pull it down have to go.
    private static int? TrialsToFlip(CoefficientInfluence found, int[] order)
    {
        double rest = Math.Abs(found.Value);
        int sign = Math.Sign(found.Value),
            left = 0;
        foreach (int t in sign >= 0 ? order : order.Reverse())
        {
            if (rest <= 0)
                return left;
            if (found.Influence[t] * sign <= 0 || ++left > order.Length / 2)
                return null;
            rest -= found.Influence[t] * sign;
        }
        return rest <= 0 ? left : null;
    }

    private ClaimSupport Images(CoefficientInfluence found, ClaimSupport support)
    {
        if (imageLabels is null)
            return support;
        double[] values = new double[imageLabels.Prompts.Count];
        for (int t = 0; t < study.Trials.Count; t++)
        {
            for (int m = 0; m < values.Length; m++)
                values[m] += found.LabelWeights[t] * imageLabels.Values[t][m];
        }
        return support with
        {
            ImageCount = values.Length,
            ImagesInFavour = values.Count(value => value > 0),
            SupportingImages =
            [
                .. Enumerable
                    .Range(0, values.Length)
                    .OrderByDescending(m => values[m])
                    .Take(MaxNamed)
                    .Where(m => values[m] > 0)
                    .Select(m => new SupportingImage(m, imageLabels.Prompts[m], imageLabels.Seeds[m], values[m])),
            ],
        };
    }
}
