using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Diffusion.Tokenizers;
using Qua2SeDiMo.Graphs.Ir;
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
    private const int ClipPositions = 77;
    private const string InputIds = "input_ids";

    private readonly ITokenizer tokenizer;
    private readonly ITensorSource tensors;
    private readonly InferenceModel model;
    private readonly bool seesPadding;
    private readonly string path;
    private readonly long embeddings;

    /// <param name="parts">The pipeline.</param>
    /// <param name="component">Name of the encoder's component.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="seesPadding">Whether padding is attended to like text, as some pipelines do.</param>
    /// <param name="outputs">Outputs wanted; hidden states are named <c>hidden_states.N</c>.</param>
    internal TextEncoder(
        PipelineParts parts,
        string component,
        ITokenizer tokenizer,
        bool seesPadding,
        params string[] outputs
    )
    {
        (Component, this.tokenizer, this.seesPadding) = (component, tokenizer, seesPadding);
        ModelComponent found = parts.Folder.Component(component);
        tensors = parts.OpenTensors(found);
        try
        {
            Graph graph = GraphOf(found, tensors);
            string table = graph.Nodes.First(node => node.OpType == "Gather" && node.Inputs[1] == InputIds).Inputs[0];
            (path, embeddings) = (
                found.DirectoryPath,
                graph.Initializers.First(initializer => initializer.Name == table).Shape[0]
            );
            model = new InferenceModel(graph.WithOutputs(outputs), tensors, parts.Inference);
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    /// <summary>Refuses a component that no text encoder can be made of; reads headers alone.</summary>
    /// <exception cref="Q2Exception">The class is not supported, or a tensor is missing.</exception>
    internal static void Check(PipelineParts parts, ModelComponent component)
    {
        using ITensorSource tensors = parts.OpenTensors(component);
        GraphOf(component, tensors);
    }

    /// <summary>Name in the pipeline, for instance <c>text_encoder_2</c>.</summary>
    internal string Component { get; }

    /// <summary>Name of the output that is the state before the last layer.</summary>
    internal static string Penultimate(PipelineParts parts, string component) =>
        $"hidden_states.{ClipTower.TextConfig(parts.Folder.Component(component).ReadConfig()).Int("num_hidden_layers", 12) - 1}";

    /// <summary>Whether concepts of several vectors are written out in a text, as some pipelines do.</summary>
    internal bool ExpandsConcepts { get; init; }

    /// <summary>Tokens that the encoder takes of one text, start and end included.</summary>
    internal int MaximumTokens => tokenizer.MaximumLength;

    /// <summary>A text encoder of CLIP with its tokenizer, whose own length counts where the encoder has positions for
    /// it.</summary>
    /// <param name="parts">The pipeline.</param>
    /// <param name="component">Name of the encoder's component.</param>
    /// <param name="tokenizer">Name of the tokenizer's component.</param>
    internal static ITokenizer OpenClip(PipelineParts parts, string component, string tokenizer) =>
        TokenizerCatalog.OpenWithin(
            parts.Folder.Component(tokenizer),
            parts.Folder.Component(component).ReadConfig().Int("max_position_embeddings", ClipPositions)
        );

    /// <summary>What a text loses by the encoder's length; empty when it fits.</summary>
    /// <param name="text">The text as a person wrote it.</param>
    /// <param name="prepare">What the pipeline does to it first.</param>
    internal string LostWords(string text, Func<string, string> prepare) =>
        CutText.LostWords(text, start => tokenizer.EncodeIds(Expand(prepare(start))).Count, MaximumTokens);

    private static Graph GraphOf(ModelComponent component, ITensorSource tensors) =>
        ArchitectureCatalog.Build(new BuildRequest(component.ReadConfig(), tensors));

    internal TokenBatch Tokenize(IReadOnlyList<string> texts)
    {
        TokenizedText[] tokenized = [.. texts.Select(text => tokenizer.Encode(Expand(text)))];
        int length = tokenizer.MaximumLength;
        return new TokenBatch(
            TensorValue.Of([.. tokenized.SelectMany(text => text.Ids).Select(id => (long)id)], texts.Count, length),
            TensorValue.Of(
                [.. tokenized.SelectMany(text => text.AttentionMask).Select(one => (long)one)],
                texts.Count,
                length
            )
        );
    }

    /// <summary>Encodes texts, a few at a time: attention over long texts takes much memory.</summary>
    internal EncodedTexts Encode(IReadOnlyList<string> texts)
    {
        var outputs = new List<Conditioning>();
        foreach (string[] some in texts.Chunk(TextsAtOnce))
        {
            TokenBatch tokens = Tokenize(some);
            Check(tokens.Ids.Integers);
            var inputs = new Dictionary<string, TensorValue>
            {
                [InputIds] = tokens.Ids,
                ["attention_mask"] = seesPadding
                    ? TensorValue.Of(Array.ConvertAll(tokens.Mask.Integers, _ => 1L), tokens.Mask.Shape)
                    : tokens.Mask,
            };
            outputs.Add(new Conditioning(model.RunFinite(inputs, Component)));
        }
        return new EncodedTexts(Tokenize(texts), Conditioning.Join(outputs).Inputs);
    }

    private string Expand(string text) => ExpandsConcepts ? MultiVectorTokens.Expand(text, tokenizer) : text;

    private void Check(long[] ids)
    {
        foreach (int id in ids)
        {
            if (id < embeddings)
                continue;
            throw new GenerationException(
                $"{path}: token '{tokenizer.TokenOf(id)}' has id {id}, but the text encoder has {embeddings} embeddings (ids 0 to "
                    + $"{embeddings - 1}). Its tokenizer knows tokens that the encoder was not given: use the text "
                    + "encoder that was saved with "
                    + "it, or leave the token out."
            );
        }
    }

    /// <summary>Frees the encoder's memory until it is needed again; large text encoders outweigh their
    /// denoisers.</summary>
    internal void Unload() => model.Unload();

    public void Dispose()
    {
        model.Dispose();
        tensors.Dispose();
    }
}
