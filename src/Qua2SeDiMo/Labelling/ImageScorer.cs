using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Labelling;

/// <summary>
/// Computes the metrics of images: against the full-precision images of the same prompts and seeds (paired), against
/// the prompts, and against features of real images. Metrics whose files are missing are left out.
/// </summary>
internal sealed class ImageScorer : IDisposable
{
    internal const string ClipFeatures = "clip-features";
    private readonly ClipScorer? clip;
    private readonly float[] textFeatures = [];
    private readonly FeatureReference? real;
    private ImageBatch? reference;
    private float[] fullPrecisionFeatures = [];

    internal ImageScorer(ScoringFiles files, IReadOnlyList<string> prompts, InferenceOptions inference)
    {
        if (files.ClipFolder is null)
            return;
        clip = new ClipScorer(files.ClipFolder, inference);
        textFeatures = clip.EmbedTexts(prompts);
        if (files.ReferenceFeatures is null)
            return;
        real = FeatureReference.Read(files.ReferenceFeatures);
        if (real.Width != clip.Width)
            throw new ModelFolderException(
                $"{files.ReferenceFeatures}: features have {real.Width} values, those of the CLIP model "
                    + $"{clip.Width}; they come from another model."
            );
    }

    /// <summary>Time spent in ONNX Runtime so far.</summary>
    internal TimeSpan RuntimeElapsed => clip?.RuntimeElapsed ?? TimeSpan.Zero;

    /// <summary>Sets the full-precision images that later images are compared with.</summary>
    internal void SetFullPrecision(ImageBatch images)
    {
        reference = images;
        fullPrecisionFeatures = clip?.EmbedImages(images) ?? [];
    }

    /// <summary>Computes the metrics of images, one image per prompt, and the per-image values behind them.</summary>
    internal (Dictionary<string, double> Metrics, List<TrialArray> Arrays) Score(ImageBatch images)
    {
        var arrays = new List<TrialArray>();
        var metrics = new Dictionary<string, double>();
        if (reference is not null)
        {
            PerImage(StudyMetric.Psnr.Name, i => PeakSignalToNoise.Decibels(images.Image(i), reference.Image(i)));
            PerImage(
                StudyMetric.Ssim.Name,
                i => StructuralSimilarity.Of(images.Image(i), reference.Image(i), images.Height, images.Width, 3)
            );
        }
        if (clip is null)
            return (metrics, arrays);
        float[] features = clip.EmbedImages(images);
        arrays.Add(new TrialArray(ClipFeatures, clip.Width, features));
        if (reference is not null)
            PerImage(
                StudyMetric.ClipCosine.Name,
                i => CosineSimilarity.Of(Row(features, i), Row(fullPrecisionFeatures, i))
            );
        PerImage(StudyMetric.ClipScore.Name, i => ClipScore.OfPair(Row(features, i), Row(textFeatures, i)));
        // A distribution needs at least two images.
        if (real is not null && images.Count > 1)
        {
            foreach (StudyMetric metric in FeatureReference.Metrics)
                metrics[metric.Name] = real.Measure(metric, features);
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

    public void Dispose() => clip?.Dispose();

    private ReadOnlySpan<float> Row(float[] features, int index) => features.AsSpan(index * clip!.Width, clip.Width);
}
