using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Packing.Recipes;

/// <summary>Writes a folder of settings for other tools, made from one allocation: a file per tool, and a page that
/// states what each tool loses.</summary>
internal static class RecipeWriter
{
    /// <summary>Writes the folder, which becomes visible only when it is complete.</summary>
    /// <param name="modelName">Name of the model.</param>
    /// <param name="weights">Quantizable weights of its denoiser.</param>
    /// <param name="allocation">Option of each weight; an unlisted weight keeps its precision.</param>
    /// <param name="originalBits">P: 16 or 32.</param>
    /// <param name="destination">Folder to write: missing, empty, or an earlier output of this program, which is
    /// replaced.</param>
    /// <param name="plan">Origin of the allocation; null to omit it.</param>
    /// <param name="activations">Bits that inputs of layers were rounded to; null for none.</param>
    /// <exception cref="PackedModelException">The destination holds other files.</exception>
    public static PackedModelSummary Write(
        string modelName,
        IReadOnlyList<QuantizableWeight> weights,
        BitAllocation allocation,
        int originalBits,
        string destination,
        JsonObject? plan = null,
        ActivationAllocation? activations = null
    )
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(allocation);
        double averageBits = allocation.AverageBits(weights, originalBits);
        IReadOnlyList<Recipe> recipes = Make(modelName, weights, allocation, averageBits);
        string target = PipelineFolder.Replace(
            destination,
            folder =>
            {
                foreach (Recipe recipe in recipes)
                    AtomicFile.WriteText(Path.Combine(folder, recipe.FileName), recipe.Text);
                AtomicFile.WriteText(Path.Combine(folder, "README.md"), Page(modelName, recipes, averageBits));
                new PackNote(
                    PackFormat.Recipes,
                    averageBits,
                    activations ?? ActivationAllocation.None,
                    allocation,
                    plan
                ).Write(folder);
            }
        );
        return new PackedModelSummary(
            PackFormat.Recipes,
            target,
            0,
            0,
            Directory.EnumerateFiles(target).Sum(file => new FileInfo(file).Length),
            averageBits
        );
    }

    /// <summary>The recipes of an allocation, one per tool.</summary>
    internal static IReadOnlyList<Recipe> Make(
        string modelName,
        IReadOnlyList<QuantizableWeight> weights,
        BitAllocation allocation,
        double averageBits
    )
    {
        IReadOnlyList<RecipeTensor> tensors = RecipeTensor.Of(weights, allocation);
        IReadOnlyDictionary<string, string> names = UNetNames.Translate([.. tensors.Select(tensor => tensor.Module)]);
        return
        [
            StableDiffusionCppRecipe.Make(tensors, names),
            JsonRecipes.Sdnq(tensors),
            JsonRecipes.ComfyUI(tensors, names),
            JsonRecipes.ModelOpt(tensors),
            JsonRecipes.Olive(tensors),
            JsonRecipes.Apple(tensors, modelName, averageBits),
        ];
    }

    private static string Page(string modelName, IReadOnlyList<Recipe> recipes, double averageBits)
    {
        var page = new StringBuilder();
        page.Append(
            CultureInfo.InvariantCulture,
            $"# {modelName} at {averageBits:0.00} average bits, for other tools\n\n"
        );
        page.Append(
            "Each file asks a tool for what comes nearest to the allocation in `q2_pack.json`. The tools "
                + "quantize the original weights with their own arithmetic: images will not be those of the packed "
                + "model.\n"
        );
        page.Append(
            "Where a weight is split into parts with options of their own, the tensor takes that of the part with most bits.\n"
        );
        foreach (Recipe recipe in recipes)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"\n## {recipe.Tool}: `{recipe.FileName}`\n\nUse: `{recipe.Use}`\n\n"
            );
            foreach (string loss in recipe.Losses)
                page.Append(CultureInfo.InvariantCulture, $"* {loss}\n");
        }
        return page.ToString();
    }
}
