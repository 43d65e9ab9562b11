using System.Diagnostics;
using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Diffusion.Tokenizers;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Labelling;

/// <summary>A CLIP model (Radford et al., ICML 2021) that computes projected embeddings, not normalised, of images and
/// texts.</summary>
internal sealed class ClipScorer : IDisposable
{
    private const int ImagesPerRun = 32;
    private readonly ShardedTensors tensors;
    private readonly InferenceModel imageTower;
    private readonly InferenceModel textTower;
    private readonly ITokenizer tokenizer;
    private readonly ClipImageProcessor processor;
    private readonly string folder;

    internal ClipScorer(string folder, InferenceOptions inference)
    {
        this.folder = folder;
        ComponentConfig config = ComponentConfig.Read(Path.Combine(folder, "config.json"));
        tensors = ShardedTensors.Open(ComponentFiles.OfNetwork(folder, "transformers"));
        Graph graph = ArchitectureCatalog.Build(new BuildRequest(config, tensors));
        imageTower = new InferenceModel(graph.WithOutputs("image_embeds"), tensors, inference);
        textTower = new InferenceModel(graph.WithOutputs("text_embeds"), tensors, inference);
        tokenizer = TokenizerCatalog.Open(folder, config.Object("text_config").Int("max_position_embeddings", 77));
        processor = ClipImageProcessor.FromJson(ForeignJson.Read(Path.Combine(folder, "preprocessor_config.json")));
        Width = config.Int("projection_dim", 512);
    }

    /// <summary>Number of values of one embedding.</summary>
    internal int Width { get; }

    /// <summary>Time spent in ONNX Runtime so far.</summary>
    internal TimeSpan RuntimeElapsed { get; private set; }

    /// <summary>Computes embeddings of images, [images, <see cref="Width"/>], row-major.</summary>
    internal float[] EmbedImages(ImageBatch images)
    {
        float[] result = new float[images.Count * Width];
        for (int start = 0; start < images.Count; start += ImagesPerRun)
        {
            int count = Math.Min(ImagesPerRun, images.Count - start);
            (int height, int width) = processor.OutputSize(images.Height, images.Width);
            int length = 3 * height * width;
            float[] pixels = new float[count * length];
            int first = start;
            Parallel.For(
                0,
                count,
                i => processor.Prepare(images.Image(first + i), images.Height, images.Width).CopyTo(pixels, i * length)
            );
            Run(imageTower, "pixel_values", TensorValue.Of(pixels, count, 3, height, width))
                .CopyTo(result, start * Width);
        }
        return result;
    }

    /// <summary>Computes embeddings of texts, [texts, <see cref="Width"/>], row-major.</summary>
    internal float[] EmbedTexts(IReadOnlyList<string> texts)
    {
        int length = tokenizer.MaximumLength;
        long[] ids = [.. texts.SelectMany(text => tokenizer.Encode(text).Ids).Select(id => (long)id)];
        return Run(textTower, "input_ids", TensorValue.Of(ids, texts.Count, length));
    }

    public void Dispose()
    {
        imageTower.Dispose();
        textTower.Dispose();
        tensors.Dispose();
    }

    private float[] Run(InferenceModel tower, string input, TensorValue value)
    {
        long before = Stopwatch.GetTimestamp();
        float[] result = tower
            .RunFinite(new Dictionary<string, TensorValue> { [input] = value }, $"scoring model {folder} ({input})")
            .Values.Single()
            .Singles;
        RuntimeElapsed += Stopwatch.GetElapsedTime(before);
        return result;
    }
}
