using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Packing.Recipes;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Tests.Graphs;
using Xunit;

namespace Qua2SeDiMo.Tests.Packing.Recipes;

/// <summary>Interpreted as its tool documents, each recipe gives the types of the plan, or the nearest that the tool
/// has.</summary>
public sealed class RecipeTests
{
    [Theory]
    [InlineData("sdxl-base-unet")]
    [InlineData("sdv15-unet")]
    [InlineData("pixart-alpha-xl-2-512")]
    public void The_first_rule_that_matches_a_name_gives_its_type(string model)
    {
        (
            IReadOnlyList<RecipeTensor> tensors,
            IReadOnlyDictionary<string, string> names,
            IReadOnlyList<Recipe> recipes
        ) = Make(model);
        (Regex Pattern, string Type)[] rules =
        [
            .. recipes[0]
                .Text.Trim()
                .Split(',')
                .Select(rule => rule.Split('='))
                .Select(pair => (new Regex(pair[0], RegexOptions.ECMAScript), pair[1])),
        ];
        Assert.All(rules, rule => Assert.Contains(rule.Type, (string[])["q3_K", "q4_K", "q4_0", "q4_1"]));
        Assert.Equal(names.Count, names.Values.Distinct().Count());
        foreach (RecipeTensor tensor in tensors)
        {
            string name = names[tensor.Module] + ".weight";
            Assert.Equal(
                StableDiffusionCppRecipe.TypeOf(tensor),
                rules.FirstOrDefault(rule => rule.Pattern.IsMatch(name)).Type
            );
            Assert.DoesNotContain(rules, rule => rule.Pattern.IsMatch(names[tensor.Module] + ".bias"));
        }
        // Linux limits one argument of a command to 131072 bytes.
        Assert.InRange(recipes[0].Text.Length, 1, 131_071);
        Assert.Contains(tensors, tensor => StableDiffusionCppRecipe.TypeOf(tensor) is "q3_K" or "q4_0");
    }

    [Theory]
    [InlineData("conv_in", "input_blocks.0.0")]
    [InlineData("conv_out", "out.2")]
    [InlineData("time_embedding.linear_2", "time_embed.2")]
    [InlineData("down_blocks.0.resnets.1.conv1", "input_blocks.2.0.in_layers.2")]
    [InlineData("down_blocks.0.downsamplers.0.conv", "input_blocks.3.0.op")]
    [InlineData("down_blocks.1.resnets.0.conv_shortcut", "input_blocks.4.0.skip_connection")]
    [InlineData(
        "down_blocks.1.attentions.1.transformer_blocks.0.attn1.to_q",
        "input_blocks.5.1.transformer_blocks.0.attn1.to_q"
    )]
    [InlineData("down_blocks.3.resnets.1.time_emb_proj", "input_blocks.11.0.emb_layers.1")]
    [InlineData("mid_block.resnets.1.conv2", "middle_block.2.out_layers.3")]
    [InlineData("mid_block.attentions.0.proj_in", "middle_block.1.proj_in")]
    [InlineData("up_blocks.0.upsamplers.0.conv", "output_blocks.2.1.conv")]
    [InlineData("up_blocks.1.attentions.2.proj_out", "output_blocks.5.1.proj_out")]
    [InlineData("up_blocks.1.upsamplers.0.conv", "output_blocks.5.2.conv")]
    [InlineData("up_blocks.3.resnets.2.conv2", "output_blocks.11.0.out_layers.3")]
    public void Modules_of_SD15_have_their_single_file_names(string module, string expected) =>
        Assert.Equal("model.diffusion_model." + expected, Make("sdv15-unet").Names[module]);

    [Fact]
    public void Sdnq_finds_each_parameter_under_its_type()
    {
        (IReadOnlyList<RecipeTensor> tensors, _, IReadOnlyList<Recipe> recipes) = Make("sdxl-base-unet");
        JsonNode root = JsonNode.Parse(recipes[1].Text)!;
        Assert.True((bool)root["quant_conv"]!);
        foreach (RecipeTensor tensor in tensors)
        {
            string name = tensor.Module + ".weight";
            bool skipped = IsListed(name, root["modules_to_not_convert"]!.AsArray());
            string type =
                root["modules_dtype_dict"]!.AsObject().FirstOrDefault(pair => IsListed(name, pair.Value!.AsArray())).Key
                ?? (string)root["weights_dtype"]!;
            Assert.Equal(tensor.Spec is null, skipped);
            if (tensor.Spec is not null)
                Assert.Equal(JsonRecipes.SdnqType(tensor), type);
        }

        // A list entry matches a whole name, one of its parts, a prefix (written after a dot), or by a wildcard.
        static bool IsListed(string name, JsonArray list) =>
            list.Select(item => (string)item!)
                .Any(item =>
                    item.StartsWith('.')
                        ? name.StartsWith(item[1..], StringComparison.Ordinal)
                        : name == item
                            || name.Split('.').Contains(item)
                            || (
                                item.Contains('*')
                                && Regex.IsMatch(name, "^" + item.Replace(".*", "\\..*").Replace("*", ".*"))
                            )
                );
    }

    [Fact]
    public void Model_Optimizer_takes_the_last_entry_whose_wildcard_matches()
    {
        (IReadOnlyList<RecipeTensor> tensors, _, IReadOnlyList<Recipe> recipes) = Make("pixart-alpha-xl-2-512");
        JsonNode root = JsonNode.Parse(recipes[3].Text)!;
        Assert.Equal("max", (string)root["algorithm"]!);
        (Regex Pattern, JsonNode Entry)[] entries =
        [
            .. root["quant_cfg"]!
                .AsArray()
                .Select(entry =>
                    (
                        new Regex("^" + Regex.Escape((string)entry!["quantizer_name"]!).Replace("\\*", ".*") + "$"),
                        entry!
                    )
                ),
        ];
        JsonNode Last(string name) => entries.Last(entry => entry.Pattern.IsMatch(name)).Entry;
        foreach (RecipeTensor tensor in tensors)
        {
            Assert.Equal(tensor.Spec?.Bits, (int?)Last(tensor.Module + ".weight_quantizer")["cfg"]?["num_bits"]);
            Assert.False((bool)Last(tensor.Module + ".input_quantizer")["enable"]!);
        }
    }

    [Fact]
    public void ComfyUI_Olive_and_Apple_get_what_they_know()
    {
        (
            IReadOnlyList<RecipeTensor> tensors,
            IReadOnlyDictionary<string, string> names,
            IReadOnlyList<Recipe> recipes
        ) = Make("sdxl-base-unet");
        JsonNode comfy = JsonNode.Parse(recipes[2].Text)!["_quantization_metadata"]!,
            olive = JsonNode.Parse(recipes[4].Text)!,
            apple = JsonNode.Parse(recipes[5].Text)!;
        Assert.Equal("1.0", (string)comfy["format_version"]!);
        foreach (RecipeTensor tensor in tensors)
        {
            Assert.Equal(
                JsonRecipes.IsComfy(tensor) ? "nvfp4" : null,
                (string?)comfy["layers"]![names[tensor.Module]]?["format"]
            );
            bool isMatrix = tensor.Operator == WeightOperator.Linear;
            Assert.Equal(
                isMatrix && tensor.Spec is null,
                olive["modules_to_not_convert"]!.AsArray().Any(name => (string)name! == tensor.Module)
            );
            int? bits = (int?)apple["recipes"]!.AsObject().Single().Value![tensor.Module];
            Assert.Equal(
                tensor.ElementCount < 100_000 ? null
                    : tensor.Spec is null ? 16
                    : 4,
                bits
            );
        }
        Assert.All((int[])[4, 8, 2], bits => Assert.Equal(bits, JsonRecipes.OliveBits(bits)));
        Assert.Empty(olive["overrides"]!.AsObject());
    }

    [Fact]
    public void A_folder_has_a_file_per_tool_and_says_what_each_loses()
    {
        string folder = Directory.CreateTempSubdirectory("q2-recipes-").FullName;
        try
        {
            QuantizableWeight[] weights =
            [
                .. ReleasedModels.Denoiser("pixart-alpha-xl-2-512").Weights.Select(weight => weight.Weight),
            ];
            string target = Path.Combine(folder, "recipes");
            PackedModelSummary summary = RecipeWriter.Write("pixart", weights, Mixed(weights), 16, target);
            RecipeWriter.Write("pixart", weights, Mixed(weights), 16, target);
            Assert.Equal(8, Directory.GetFiles(target).Length);
            string page = File.ReadAllText(Path.Combine(target, "README.md"));
            Assert.All(
                Directory
                    .EnumerateFiles(target)
                    .Select(Path.GetFileName)
                    .Where(name => name != "README.md" && name != PackNote.FileName),
                name => Assert.Contains($"`{name}`", page, StringComparison.Ordinal)
            );
            Assert.Equal(Mixed(weights), PackNote.Read(target)!.Allocation);
            Assert.Equal(summary.AverageBits, PackNote.Read(target)!.AverageBits);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (
        IReadOnlyList<RecipeTensor> Tensors,
        IReadOnlyDictionary<string, string> Names,
        IReadOnlyList<Recipe> Recipes
    ) Make(string model)
    {
        QuantizableWeight[] weights = [.. ReleasedModels.Denoiser(model).Weights.Select(weight => weight.Weight)];
        BitAllocation allocation = Mixed(weights);
        IReadOnlyList<RecipeTensor> tensors = RecipeTensor.Of(weights, allocation);
        return (
            tensors,
            UNetNames.Translate([.. tensors.Select(tensor => tensor.Module)]),
            RecipeWriter.Make(model, weights, allocation, 3.6)
        );
    }

    // All options in turn; every eleventh weight keeps its precision.
    private static BitAllocation Mixed(QuantizableWeight[] weights)
    {
        int i = 0;
        return new BitAllocation(
            weights
                .Where((_, index) => index % 11 != 10)
                .Select(weight => KeyValuePair.Create(weight.Name, QuantizerSpec.PaperOptions[i++ % 6]))
        );
    }
}
