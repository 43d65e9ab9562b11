using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Diffusion.Tokenizers;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Diffusion;

/// <summary>Tokenized texts.</summary>
/// <param name="Ids">Token ids, [texts, tokens].</param>
/// <param name="Mask">[texts, tokens], 1 for a token, 0 for padding.</param>
internal sealed record TokenBatch(TensorValue Ids, TensorValue Mask)
{
    /// <summary>The mask in single precision, as denoisers take it.</summary>
    internal TensorValue FloatMask => TensorValue.Of(Array.ConvertAll(Mask.Integers, one => (float)one), Mask.Shape);
}

/// <summary>Tokens and outputs of a text encoder for some texts.</summary>
/// <param name="Tokens">Input of the encoder.</param>
/// <param name="Outputs">Tensors by name of the encoder's output; axis 0 counts the texts.</param>
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
    /// <param name="seesPadding">Whether padding is attended to like text, as in some pipelines.</param>
    /// <param name="outputs">Names of the outputs to compute; hidden states are named <c>hidden_states.N</c>.</param>
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

    /// <summary>Checks that a component is a supported text encoder; reads only its configuration and tensor
    /// headers.</summary>
    /// <exception cref="Q2Exception">The class is not supported, or a tensor is missing.</exception>
    internal static void Check(PipelineParts parts, ModelComponent component)
    {
        using ITensorSource tensors = parts.OpenTensors(component);
        GraphOf(component, tensors);
    }

    /// <summary>Name of the component, for instance <c>text_encoder_2</c>.</summary>
    internal string Component { get; }

    /// <summary>Name of the output with the hidden state before the last layer.</summary>
    internal static string Penultimate(PipelineParts parts, string component) =>
        $"hidden_states.{ClipTower.TextConfig(parts.Folder.Component(component).ReadConfig()).Int("num_hidden_layers", 12) - 1}";

    /// <summary>Whether learned concepts of several vectors are expanded in a text (<see cref="MultiVectorTokens"/>),
    /// as in some pipelines.</summary>
    internal bool ExpandsConcepts { get; init; }

    /// <summary>Largest number of tokens of one text, including start and end tokens.</summary>
    internal int MaximumTokens => tokenizer.MaximumLength;

    /// <summary>Opens the tokenizer of a CLIP text encoder. Its length is model_max_length, or the number of the
    /// encoder's positions when that is smaller or nothing is stated.</summary>
    /// <param name="parts">The pipeline.</param>
    /// <param name="component">Name of the encoder's component.</param>
    /// <param name="tokenizer">Name of the tokenizer's component.</param>
    internal static ITokenizer OpenClip(PipelineParts parts, string component, string tokenizer) =>
        TokenizerCatalog.OpenWithin(
            parts.Folder.Component(tokenizer),
            parts.Folder.Component(component).ReadConfig().Int("max_position_embeddings", ClipPositions)
        );

    /// <summary>The words of a text that exceed the encoder's length; empty when it fits.</summary>
    /// <param name="text">The original text.</param>
    /// <param name="prepare">Preprocessing of the pipeline.</param>
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

    /// <summary>Encodes texts, 16 at a time to bound the memory of attention.</summary>
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

    /// <summary>Frees the encoder's memory until its next use; a text encoder may be larger than the
    /// denoiser.</summary>
    internal void Unload() => model.Unload();

    public void Dispose()
    {
        model.Dispose();
        tensors.Dispose();
    }
}
