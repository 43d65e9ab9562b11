using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Diffusion.Tokenizers;
using Qua2SeDiMo.Graphs;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Diffusion;

/// <summary>Tokens and outputs of a text encoder for some texts.</summary>
/// <param name="TokenIds">[texts, tokens].</param>
/// <param name="Mask">[texts, tokens], 1 for a token, 0 for padding.</param>
/// <param name="Outputs">By name of the encoder's output; axis 0 counts the texts.</param>
internal sealed record EncodedTexts(TensorValue TokenIds, TensorValue Mask, IReadOnlyDictionary<string, TensorValue> Outputs)
{
    internal TensorValue Output(string name) => Outputs[name];
}

/// <summary>A text encoder with its tokenizer. Each distinct text is encoded once per call.</summary>
internal sealed class TextEncoder : IDisposable
{
    private readonly ITokenizer tokenizer;
    private readonly ITensorSource tensors;
    private readonly InferenceModel model;

    /// <param name="parts">The pipeline.</param>
    /// <param name="component">Name of the encoder's component.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="outputs">Outputs wanted, <c>last_hidden_state</c> when none is named; hidden states are named <c>hidden_states.N</c>.</param>
    internal TextEncoder(PipelineParts parts, string component, ITokenizer tokenizer, params string[] outputs)
    {
        this.tokenizer = tokenizer;
        ModelComponent found = parts.Folder.Component(component);
        tensors = parts.OpenTensors(found);
        Graph graph = ArchitectureCatalog.Build(new BuildRequest(found.ReadConfig(), tensors) { OptionalInputs = ["attention_mask"] });
        model = new InferenceModel(graph.WithOutputs(outputs.Length == 0 ? ["last_hidden_state"] : outputs), tensors, parts.Inference);
    }

    internal EncodedTexts Encode(IReadOnlyList<string> texts)
    {
        TokenizedText[] tokenized = [.. texts.Select(tokenizer.Encode)];
        int length = tokenized[0].Ids.Count;
        TensorValue ids = TensorValue.Of([.. tokenized.SelectMany(text => text.Ids).Select(id => (long)id)], texts.Count, length);
        TensorValue mask = TensorValue.Of([.. tokenized.SelectMany(text => text.AttentionMask).Select(one => (long)one)], texts.Count, length);
        var inputs = new Dictionary<string, TensorValue> { ["input_ids"] = ids };
        if (model.Graph.Inputs.Any(input => input.Name == "attention_mask")) inputs["attention_mask"] = mask;
        return new EncodedTexts(ids, mask, model.Run(inputs));
    }

    public void Dispose()
    {
        model.Dispose();
        tensors.Dispose();
    }
}
