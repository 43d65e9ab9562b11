using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Labelling;

/// <summary>CLIP features of real images, and metrics of the distance of other features from them.</summary>
internal sealed class FeatureReference
{
    private const string TensorName = "image_features";
    private const int MaxImages = 1 << 17,
        LargestWidth = 1 << 12;
    private readonly float[] features;
    private readonly FrechetDistance frechet;
    private readonly double selfTerm;

    private FeatureReference(float[] features, int width)
    {
        this.features = features;
        Width = width;
        frechet = new FrechetDistance(features, width);
        selfTerm = KernelDistance.KidSelfTerm(features, width);
    }

    /// <summary>Metrics that compare distributions of features.</summary>
    internal static IReadOnlyList<StudyMetric> Metrics { get; } = [StudyMetric.Frechet, StudyMetric.Kid];

    /// <summary>Number of values of one feature vector.</summary>
    internal int Width { get; }

    /// <summary>Reads the tensor <c>image_features</c>, [images, width], from a safetensors file.</summary>
    /// <exception cref="ModelFolderException">The tensor is missing, has an unsupported shape, or has a value that is
    /// not finite.</exception>
    internal static FeatureReference Read(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        TensorInfo tensor =
            file.Tensors.GetValueOrDefault(TensorName)
            ?? throw new ModelFolderException($"{path}: tensor '{TensorName}' [images, width] is missing.");
        if (
            tensor.Shape.Count != 2
            || tensor.Shape[0] is < 2 or > MaxImages
            || tensor.Shape[1] is < 1 or > LargestWidth
        )
        {
            throw new ModelFolderException(
                $"{path}: '{TensorName}' is [{string.Join(", ", tensor.Shape)}]; [images, width] with 2 to "
                    + $"{MaxImages:#,0} images of 1 to {LargestWidth:#,0} values is needed."
            );
        }
        float[] values = file.ReadSingle(TensorName);
        int wrong = Array.FindIndex(values, value => !float.IsFinite(value));
        if (wrong >= 0)
            throw new ModelFolderException(
                $"{path}: image {wrong / tensor.Shape[1]} of '{TensorName}' has the value {values[wrong]}; features are finite."
            );
        return new FeatureReference(values, (int)tensor.Shape[1]);
    }

    /// <summary>Computes a metric for features of images, row-major [images, width].</summary>
    internal double Measure(StudyMetric metric, ReadOnlySpan<float> images) =>
        metric == StudyMetric.Frechet ? frechet.To(images)
        : metric == StudyMetric.Kid ? KernelDistance.KidOfAll(images, features, Width, selfTerm)
        : throw new ArgumentOutOfRangeException(nameof(metric), metric.Name, "Not a metric of feature distributions.");
}
