using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Stages;

/// <summary>
/// Measures images: against the full-precision images of the same prompts and seeds (paired), against the prompts, and against features of real
/// images. Metrics whose files are not there are left out.
/// </summary>
internal sealed class ImageScorer : IDisposable
{
    internal const string ClipFeatures = "clip-features";
    private readonly ClipScorer? clip;
    private readonly float[] textFeatures = [];
    private readonly FrechetDistance? frechet;
    private readonly float[] referenceFeatures = [];
    private readonly double referenceSelfTerm;
    private ImageBatch? reference;
    private float[] fullPrecisionFeatures = [];

    internal ImageScorer(ScoringFiles files, IReadOnlyList<string> prompts, InferenceOptions inference)
    {
        if (files.ClipFolder is null) return;
        clip = new ClipScorer(files.ClipFolder, inference);
        textFeatures = clip.EmbedTexts(prompts);
        if (files.ReferenceFeatures is null) return;
        referenceFeatures = ReadFeatures(files.ReferenceFeatures, clip.Width);
        frechet = new FrechetDistance(referenceFeatures, clip.Width);
        referenceSelfTerm = KernelDistance.KidSelfTerm(referenceFeatures, clip.Width);
    }

    /// <summary>Time spent inside the runtime.</summary>
    internal TimeSpan RuntimeElapsed => clip?.RuntimeElapsed ?? TimeSpan.Zero;

    /// <summary>Width of the CLIP features; 0 without CLIP.</summary>
    internal int FeatureWidth => clip?.Width ?? 0;

    /// <summary>Sets the full-precision images that later ones are paired with.</summary>
    internal void SetFullPrecision(ImageBatch images)
    {
        reference = images;
        fullPrecisionFeatures = clip?.EmbedImages(images) ?? [];
    }

    /// <summary>Measures images, one per prompt.</summary>
    internal (Dictionary<string, double> Metrics, List<TrialArray> Arrays) Score(ImageBatch images)
    {
        var arrays = new List<TrialArray>();
        var metrics = new Dictionary<string, double>();
        if (reference is not null)
        {
            PerImage(StudyMetric.Psnr.Name, i => PeakSignalToNoise.Decibels(images.Image(i), reference.Image(i)));
            PerImage(StudyMetric.Ssim.Name, i => StructuralSimilarity.Of(images.Image(i), reference.Image(i), images.Height, images.Width, 3));
        }
        if (clip is null) return (metrics, arrays);
        float[] features = clip.EmbedImages(images);
        arrays.Add(new TrialArray(ClipFeatures, clip.Width, features));
        if (reference is not null) PerImage(StudyMetric.ClipCosine.Name, i => CosineSimilarity.Of(Row(features, i), Row(fullPrecisionFeatures, i)));
        PerImage(StudyMetric.ClipScore.Name, i => ClipScore.OfPair(Row(features, i), Row(textFeatures, i)));
        if (frechet is not null)
        {
            metrics[StudyMetric.Frechet.Name] = frechet.To(features);
            metrics[StudyMetric.Kid.Name] = KernelDistance.KidOfAll(features, referenceFeatures, clip.Width, referenceSelfTerm);
        }
        return (metrics, arrays);

        void PerImage(string name, Func<int, double> measure)
        {
            float[] values = new float[images.Count];
            Parallel.For(0, images.Count, i => values[i] = (float)measure(i));
            arrays.Add(new TrialArray(name, 1, values));
            metrics[name] = values.Average(value => (double)value);
        }
    }

    /// <summary>Fréchet distance and KID of some images' features, for split halves.</summary>
    internal double DistributionMetric(StudyMetric metric, ReadOnlySpan<float> features) =>
        metric == StudyMetric.Frechet ? frechet!.To(features)
        : metric == StudyMetric.Kid ? KernelDistance.KidOfAll(features, referenceFeatures, clip!.Width, referenceSelfTerm)
        : throw new ArgumentOutOfRangeException(nameof(metric), metric.Name, "Not a metric of feature distributions.");

    public void Dispose() => clip?.Dispose();

    private ReadOnlySpan<float> Row(float[] features, int index) => features.AsSpan(index * clip!.Width, clip.Width);

    private static float[] ReadFeatures(string path, int width)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        TensorInfo tensor = file.Tensors.GetValueOrDefault("image_features")
            ?? throw new ModelFolderException($"{path}: tensor 'image_features' [images, {width}] is missing.");
        if (tensor.Shape.Count != 2 || tensor.Shape[1] != width)
        {
            throw new ModelFolderException($"{path}: 'image_features' is [{string.Join(", ", tensor.Shape)}], the CLIP model's features have {width} values.");
        }
        return file.ReadSingle("image_features");
    }
}
