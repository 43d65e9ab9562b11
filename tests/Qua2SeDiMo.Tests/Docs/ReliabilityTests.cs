using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Diffusion.Tokenizers;
using Qua2SeDiMo.Images;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Studies.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests.Docs;

/// <summary>Counts and limits in docs/reliability.md equal those of the committed test campaign and of the code;
/// `./build.sh docs` regenerates them.</summary>
public sealed class ReliabilityTests
{
    private const string Page = "docs/reliability.md";
    private const long WantedInputs = 10_000_000;

    [Fact]
    public void The_counts_of_the_faults_are_those_of_the_result_files()
    {
        JsonObject[][] verbs =
        [
            .. new[] { "kill", "full", "denied" }.Select(fault =>
                Read($"crash-points-{fault}.json")["verbs"]!.AsArray().Select(verb => verb!.AsObject()).ToArray()
            ),
        ];
        StringBuilder text = new StringBuilder()
            .AppendLine(
                "| verb | steps | killed at | survived | disk full at | survived | no permission at | survived |"
            )
            .AppendLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        for (int v = 0; v < verbs[0].Length; v++)
            Row($"`{verbs[0][v]["verb"]}`", [.. verbs.Select(fault => fault[v..(v + 1)])]);
        Row("all", verbs);
        GeneratedBlock.Check(Page, "faults", text.ToString());
        Assert.All(verbs, fault => Assert.Equal(Sum(fault, "tried"), Sum(fault, "survived")));
        Assert.All(verbs[0], verb => Assert.True((long)verb["tried"]! > 0, $"{verb["verb"]}"));

        void Row(string name, JsonObject[][] faults) =>
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {name} | {Sum(faults[0], "points")} | {string.Join(" | ", faults.Select(Counts))} |"
            );

        static string Counts(JsonObject[] fault) => $"{Sum(fault, "tried")} | {Sum(fault, "survived")}";
    }

    [Fact]
    public void The_counts_of_the_spoiled_files_are_those_of_the_result_file()
    {
        JsonObject result = Read("fuzz.json");
        string text = string.Create(
            CultureInfo.InvariantCulture,
            $"""
            {(long)result["inputs"]!:#,0} inputs to {result["readers"]} readers, seed {result["seed"]}: {result[
                "exceptionsOutsideTypedFamily"
            ]} exceptions outside the typed family, slowest input
            {(double)result["slowestMilliseconds"]!:0} ms, largest allocation for one input {(double)
                result["largestAllocationMegabytes"]!:0} MB, peak memory of the process {(double)
                result["peakResidentMegabytes"]!:0} MB.
            """
        );
        GeneratedBlock.Check(Page, "fuzz", text);
        Assert.Equal(0, (int)result["exceptionsOutsideTypedFamily"]!);
        Assert.True((long)result["inputs"]! >= WantedInputs);
    }

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
        Row("`extra_ids` of a tokenizer", UnigramTokenizer.MaxExtraIds, "");
        Row("file of prompts", PromptFile.MaximumBytes, " bytes");
        Row("trials of a study from outside", ExternalStudy.MaximumTrials, "");
        Row("nodes of a graph from outside", ExternalGraph.MaximumNodes, "");
        Row("edges of a graph from outside", ExternalGraph.MaximumEdges, "");
        Row("number of a trial", SqliteTrialRow.MaxNumber, "");
        GeneratedBlock.Check(Page, "limits", text.ToString());

        void Row(string what, long limit, string unit) =>
            text.AppendLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {limit:#,0}{unit} |"));
    }

    private static JsonObject Read(string name) =>
        JsonNode
            .Parse(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "benchmarks", "results", "reliability", name)))!
            .AsObject();

    private static long Sum(IEnumerable<JsonObject> verbs, string member) => verbs.Sum(verb => (long)verb[member]!);
}
