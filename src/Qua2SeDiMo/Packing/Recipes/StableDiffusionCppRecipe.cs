using System.Text.RegularExpressions;
using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Packing.Recipes;

/// <summary>
/// <c>--tensor-type-rules</c> of stable-diffusion.cpp: comma-separated rules PATTERN=TYPE. A pattern is a regular
/// expression that is searched in the tensor's name; the first matching rule wins; types are those of ggml.
/// docs/formats.md names the source.
/// </summary>
internal static class StableDiffusionCppRecipe
{
    private const int SuperBlock = 256,
        Block = 32;

    internal static Recipe Make(IReadOnlyList<RecipeTensor> tensors, IReadOnlyDictionary<string, string> names)
    {
        (RecipeTensor Tensor, string? Type)[] types = [.. tensors.Select(tensor => (tensor, TypeOf(tensor)))];
        string rules = string.Join(
            ',',
            types
                .Where(pair => pair.Type is not null)
                .Select(pair => $"^{Regex.Escape(names[pair.Tensor.Module])}\\.weight$={pair.Type}")
        );
        int convolutions = types.Count(pair =>
            pair.Type is null && pair.Tensor.Spec is not null && pair.Tensor.Operator != WeightOperator.Linear
        );
        int odd = types.Count(pair =>
            pair.Type is null && pair.Tensor.Spec is not null && pair.Tensor.Operator == WeightOperator.Linear
        );
        int wider = types.Count(pair => pair.Type is not null && pair.Tensor.Spec!.Bits == 3 && pair.Type != "q3_K");
        return new Recipe(
            "stable-diffusion.cpp",
            "stable-diffusion.cpp-tensor-type-rules.txt",
            rules + "\n",
            "sd -M convert -m MODEL -o MODEL.gguf --type f16 --tensor-type-rules \"$(cat stable-diffusion.cpp-tensor-type-rules.txt)\"",
            [
                "No free palettes: every option becomes the nearest ggml type of as many bits, with blocks of 32 "
                    + "or 256 weights of its own scale.",
                $"{convolutions} convolutions stay float16: their innermost extent is the kernel's width, which is no multiple of a block.",
                $"{odd} matrices stay float16: their inputs are no multiple of 32. {wider} of 3 bits take q4_0: "
                    + "q3_K needs a multiple of 256.",
                "Embedders (names with 'embedding', 'x_embedder', 't_embedder', 'pos_embed' …) are never "
                    + "converted by the tool. Activations cannot be rounded.",
            ]
        );
    }

    // The ggml type for a tensor; null for convolutions, for matrices whose inputs are no multiple of 32, and for
    // unquantized tensors.
    internal static string? TypeOf(RecipeTensor tensor)
    {
        if (tensor.Spec is not { } spec || tensor.Operator != WeightOperator.Linear || tensor.Inputs % Block != 0)
            return null;
        bool isLong = tensor.Inputs % SuperBlock == 0;
        return spec.Bits switch
        {
            2 => isLong ? "q2_K" : "q4_0",
            3 => isLong ? "q3_K" : "q4_0",
            4 => isLong ? "q4_K" : "q4_1",
            5 => isLong ? "q5_K" : "q5_1",
            6 => isLong ? "q6_K" : "q8_0",
            _ => "q8_0",
        };
    }
}
