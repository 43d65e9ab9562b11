using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Diffusion.Tokenizers;
using Qua2SeDiMo.Graphs;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Diffusion;

/// <summary>Texts as tokens.</summary>
/// <param name="Ids">[texts, tokens].</param>
/// <param name="Mask">[texts, tokens], 1 for a token, 0 for padding.</param>
internal sealed record TokenBatch(TensorValue Ids, TensorValue Mask)
{
    /// <summary>The mask as numbers, as denoisers take it.</summary>
    internal TensorValue FloatMask => TensorValue.Of(Array.ConvertAll(Mask.Integers, one => (float)one), Mask.Shape);
}

/// <summary>Tokens and outputs of a text encoder for some texts.</summary>
/// <param name="Tokens">What the encoder was given.</param>
/// <param name="Outputs">By name of the encoder's output; axis 0 counts the texts.</param>
internal sealed record EncodedTexts(TokenBatch Tokens, IReadOnlyDictionary<string, TensorValue> Outputs)
{
    internal TensorValue Output(string name) => Outputs[name];
}

/// <summary>A text encoder with its tokenizer.</summary>
internal sealed class TextEncoder : IDisposable
{
    private const int TextsAtOnce = 16;

    private readonly ITokenizer tokenizer;
    private readonly ITensorSource tensors;
    private readonly InferenceModel model;
    private readonly bool seesPadding;

    /// <param name="parts">The pipeline.</param>
    /// <param name="component">Name of the encoder's component.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="seesPadding">Whether padding is attended to like text, as some pipelines do.</param>
    /// <param name="outputs">Outputs wanted; hidden states are named <c>hidden_states.N</c>.</param>
    internal TextEncoder(PipelineParts parts, string component, ITokenizer tokenizer, bool seesPadding, params string[] outputs)
    {
        (Component, this.tokenizer, this.seesPadding) = (component, tokenizer, seesPadding);
        ModelComponent found = parts.Folder.Component(component);
        tensors = parts.OpenTensors(found);
        try
        {
            Graph graph = ArchitectureCatalog.Build(new BuildRequest(found.ReadConfig(), tensors));
            model = new InferenceModel(graph.WithOutputs(outputs), tensors, parts.Inference);
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    /// <summary>Name in the pipeline, for instance <c>text_encoder_2</c>.</summary>
    internal string Component { get; }

    /// <summary>Name of the output that is the state before the last layer.</summary>
    internal static string Penultimate(PipelineParts parts, string component) =>
        $"hidden_states.{parts.Folder.Component(component).ReadConfig().Int("num_hidden_layers", 12) - 1}";

    internal TokenBatch Tokenize(IReadOnlyList<string> texts)
    {
        TokenizedText[] tokenized = [.. texts.Select(text => tokenizer.Encode(text))];
        int length = tokenizer.MaximumLength;
        return new TokenBatch(
            TensorValue.Of([.. tokenized.SelectMany(text => text.Ids).Select(id => (long)id)], texts.Count, length),
            TensorValue.Of([.. tokenized.SelectMany(text => text.AttentionMask).Select(one => (long)one)], texts.Count, length));
    }

    /// <summary>Encodes texts, a few at a time: attention over long texts takes much memory.</summary>
    internal EncodedTexts Encode(IReadOnlyList<string> texts)
    {
        var outputs = new List<Conditioning>();
        foreach (string[] some in texts.Chunk(TextsAtOnce))
        {
            TokenBatch tokens = Tokenize(some);
            var inputs = new Dictionary<string, TensorValue>
            {
                ["input_ids"] = tokens.Ids,
                ["attention_mask"] = seesPadding ? TensorValue.Of(Array.ConvertAll(tokens.Mask.Integers, _ => 1L), tokens.Mask.Shape) : tokens.Mask,
            };
            outputs.Add(new Conditioning(model.Run(inputs)));
        }
        return new EncodedTexts(Tokenize(texts), Conditioning.Join(outputs).Inputs);
    }

    /// <summary>Frees the encoder's memory until it is needed again; large text encoders outweigh their denoisers.</summary>
    internal void Unload() => model.Unload();

    public void Dispose()
    {
        model.Dispose();
        tensors.Dispose();
    }
}
