using System.Runtime.InteropServices;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Xunit;

namespace Qua2SeDiMo.Tests.Stages;

/// <summary>A pipeline whose denoiser is an ONNX file works in all stages like one with a checkpoint.</summary>
public sealed class ExportedDenoiserTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("exported").FullName;

    [Theory]
    [Trait("Speed", "Slow")]
    [InlineData("stable-diffusion-15", false)]
    [InlineData("stable-diffusion-15", true)]
    [InlineData("pixart-alpha", true)]
    public void An_exported_denoiser_is_inspected_drawn_banked_packed_and_run(
        string pipeline,
        bool takesOneWholeTimestep
    )
    {
        string source = RepositoryFiles.Golden($"pipelines/{pipeline}");
        string exported = Export(source, takesOneWholeTimestep);
        using OpenModel plain = OpenModel.Open(source),
            model = OpenModel.Open(exported);
        QuantizableSummary expected = InspectStage.Run(plain).Quantizable,
            found = InspectStage.Run(model).Quantizable;
        Assert.Equal(
            (expected.ClassName, expected.Weights, expected.Parameters, expected.SizeBytes),
            (found.ClassName, found.Weights, found.Parameters, found.SizeBytes)
        );

        var run = new RunDirectory(Path.Combine(folder, "run"));
        QuantizerBank bank = BankStage.Run(model, run);
        GraphResult graph = GraphStage.Run(model, run, withOnnx: false);
        OperationGraph dag = OperationGraphBuilder.Build(plain.Graph);
        Assert.Equal((dag.Nodes.Count, dag.Edges.Count), (graph.DagNodes, graph.DagEdges));

        int next = 0;
        BitAllocation allocation = BitAllocation.ForEach(model.Weights, _ => bank.Options[next++ % bank.Options.Count]);
        string packed = Path.Combine(folder, "packed");
        PackStage.Run(model, run, allocation, packed, null);
        using OpenModel small = OpenModel.Open(packed);
        Assert.Equal(model.Weights.Select(weight => weight.Name), small.Weights.Select(weight => weight.Name));

        AssertClose(Generate(plain, "plain", null), Generate(model, "exported", null));
        Assert.Equal(Pixels(Generate(model, "quantized", (allocation, bank))), Pixels(Generate(small, "small", null)));
        long whole = new FileInfo(Path.Combine(model.Folder.Denoiser.DirectoryPath, OnnxReader.FileName)).Length;
        Assert.True(
            Directory.EnumerateFiles(small.Folder.Denoiser.DirectoryPath).Sum(file => new FileInfo(file).Length) < whole
        );
    }

    [Fact]
    public void A_size_that_an_export_is_not_for_is_refused()
    {
        string exported = Export(RepositoryFiles.Golden("pipelines/stable-diffusion-15"), false);
        using OpenModel model = OpenModel.Open(exported);
        var options = new GenerateOptions(
            ["a"],
            new GenerationRequest
            {
                StepCount = 1,
                Height = 64,
                Width = 128,
            },
            0
        );
        OnnxFormatException error = Assert.Throws<OnnxFormatException>(() => GenerateStage.Run(model, folder, options));
        Assert.Contains("was exported for", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private byte[] Generate(OpenModel model, string name, (BitAllocation, QuantizerBank)? quantized)
    {
        var options = new GenerateOptions(["a red apple"], new GenerationRequest { StepCount = 2 }, 3);
        return File.ReadAllBytes(
            GenerateStage.Run(model, Path.Combine(folder, name), options, quantized).Images.Single().Path
        );
    }

    private static float[] Pixels(byte[] png) => Qua2SeDiMo.Images.PngFile.Decode(png).Image;

    // Products may be summed in another order, so pixels may differ by 1/255.
    private static void AssertClose(byte[] expectedPng, byte[] actualPng)
    {
        var expected = Qua2SeDiMo.Images.PngFile.Decode(expectedPng);
        var actual = Qua2SeDiMo.Images.PngFile.Decode(actualPng);
        Assert.Equal(expected.Image.Length, actual.Image.Length);
        Assert.All(
            expected.Image.Zip(actual.Image),
            pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 1.5f / 255)
        );
    }

    private string Export(string source, bool takesOneWholeTimestep)
    {
        string target = Path.Combine(folder, "pipeline");
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        using OpenModel model = OpenModel.Open(target);
        string denoiser = model.Folder.Denoiser.DirectoryPath;
        OnnxWriter.Write(
            takesOneWholeTimestep ? WithOneWholeTimestep(model.Graph) : model.Graph,
            model.Tensors,
            Path.Combine(denoiser, OnnxReader.FileName)
        );
        foreach (string checkpoint in Directory.EnumerateFiles(denoiser, "*.safetensors"))
            File.Delete(checkpoint);
        return target;
    }

    // Replaces the timestep input by one integer for all rows, as exporters write it.
    private static Graph WithOneWholeTimestep(Graph graph)
    {
        var one = new Initializer.Inline(
            "timestep.shape",
            ElementType.Int64,
            [1],
            MemoryMarshal.AsBytes<long>([1]).ToArray()
        );
        var given = new GraphValue("timestep", ElementType.Int64, []);
        GraphNode[] nodes =
        [
            new(
                "timestep/Cast",
                "Cast",
                "",
                ["timestep"],
                ["timestep.single"],
                [new GraphAttribute.Whole("to", 1)],
                ""
            ),
            new("timestep/Reshape", "Reshape", "", ["timestep.single", one.Name], ["timestep.row"], [], ""),
            .. graph.Nodes.Select(node =>
                node with
                {
                    Inputs = [.. node.Inputs.Select(input => input == "timestep" ? "timestep.row" : input)],
                }
            ),
        ];
        return new Graph(
            graph.Name,
            [.. graph.Inputs.Select(input => input.Name == "timestep" ? given : input)],
            graph.Outputs,
            nodes,
            [one, .. graph.Initializers],
            graph.Weights,
            graph.Values
        );
    }
}
