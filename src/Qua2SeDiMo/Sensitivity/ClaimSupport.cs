using System.Text.Json.Serialization;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>A trial that supports or opposes a claim.</summary>
/// <param name="Trial">Index of the trial.</param>
/// <param name="Name">Name of the trial.</param>
/// <param name="Influence">The claim's value minus its value without this trial; positive for a supporting
/// trial.</param>
/// <param name="Label">Label of the trial.</param>
/// <param name="AverageBits">Average bits of the trial's allocation.</param>
/// <param name="First">Share, 0 to 1, of the first group's weights that have the fewest bits in this trial.</param>
/// <param name="Second">The same share of the second group; null when the claim compares with all weights.</param>
/// <param name="Images">File or folder of the trial's images; null if none is known.</param>
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

/// <summary>A claim's value computed from a single image (prompt and seed) of every trial.</summary>
/// <param name="Image">Index of the image.</param>
/// <param name="Prompt">Prompt of the image.</param>
/// <param name="Seed">Seed of the image.</param>
/// <param name="Value">The claim's value for this image; the mean over images is the claim's value.</param>
public sealed record SupportingImage(int Image, string Prompt, ulong Seed, double Value);

/// <summary>The trials and images that support or oppose a claim of ridge regression.</summary>
/// <param name="Claim">The claim in words: A costs more than B.</param>
/// <param name="Value">A − B in label units; the claim holds if it is positive.</param>
/// <param name="TrialCount">Number of all trials.</param>
/// <param name="TrialsToFlip">
/// Number of the most influential trials that must be left out for the value to change its sign, estimated to first
/// order by the sum of their influences; null if more than half of the trials are needed.
/// </param>
/// <param name="Supporting">Trials with the largest positive influence, at most five.</param>
/// <param name="Opposing">Trials with the largest negative influence, at most five.</param>
/// <param name="ImageCount">Number of images for which the value was computed; 0 if labels are not means over images,
/// or labels per image are unknown.</param>
/// <param name="ImagesInFavour">Number of images for which the value is positive.</param>
/// <param name="SupportingImages">Images with the largest positive values, at most five.</param>
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

/// <summary>Labels of every image of every trial, for studies whose labels are means over images.</summary>
/// <param name="Values">Label of each image, [trial][image]; larger is better.</param>
/// <param name="Prompts">Prompt of each image.</param>
/// <param name="Seeds">Seed of each image.</param>
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

    /// <summary>Prepares the computation of every trial's influence.</summary>
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

    /// <summary>Support of the claim that fewer bits cost more in the first group than in the second, or than in the
    /// mean of all weights.</summary>
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

    // If the value is negative, the trials with negative influence are left out.
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
