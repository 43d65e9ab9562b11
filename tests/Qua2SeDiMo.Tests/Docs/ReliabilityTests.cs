using System.Globalization;
using System.Text;
using Qua2SeDiMo.Architectures.Blocks;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Diffusion.Tokenizers;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Reports;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies;
using Xunit;

namespace Qua2SeDiMo.Tests.Docs;

/// <summary>The limits of docs/reliability.md are those of the code: `./build.sh docs` writes them.</summary>
public sealed class ReliabilityTests
{
    private const string Page = "docs/reliability.md";

    [Fact]
    public void The_limits_are_those_of_the_code()
    {
        StringBuilder text = new StringBuilder().AppendLine("| what | at most |").AppendLine("| --- | ---: |");
        Row("images of one call, images of a study", GenerationLimits.Images, "");
        Row("images that go through the denoiser together", GenerationLimits.Batch, "");
        Row("pixels of a side of a generated image", GenerationLimits.Side, "");
        Row("patches of a latent", PatchGrid.MaximumPatches, "");
        Row("pixels of a PNG file that is read", PngFile.MaximumPixels, "");
        Row("header of a safetensors file", SafetensorsHeader.MaximumHeaderBytes, " bytes");
        Row("JSON file of others", ForeignJson.MaximumBytes, " bytes");
        Row("depth of a JSON file of others", ForeignJson.MaximumDepth, "");
        Row("JSON file of our own", OwnJson.MaximumBytes, " bytes");
        Row("file of a tokenizer", TokenizerFolder.MaximumBytes, " bytes");
        Row("`extra_ids` of a tokenizer", UnigramTokenizer.MostExtraIds, "");
        Row("file of prompts", PromptFile.MaximumBytes, " bytes");
        Row("trials of a study from outside", ExternalStudy.MaximumTrials, "");
        Row("nodes of a graph from outside", ExternalGraph.MaximumNodes, "");
        Row("edges of a graph from outside", ExternalGraph.MaximumEdges, "");
        Row("number of a trial", SqliteTrialRow.MaxNumber, "");
        GeneratedBlock.Check(Page, "limits", text.ToString());

        void Row(string what, long limit, string unit) => text.AppendLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {limit:#,0}{unit} |"));
    }
}
