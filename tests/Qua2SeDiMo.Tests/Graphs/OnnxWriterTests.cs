using System.Globalization;
using System.Runtime.InteropServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Graphs.OnnxSchema;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Xunit;

namespace Qua2SeDiMo.Tests.Graphs;

public sealed class OnnxWriterTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("q2-writer-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_model_in_memory_holds_names_shapes_and_values()
    {
        Graph graph = GraphBuilderTests.SmallGraph();

        ModelProto model = ModelProto.Parser.ParseFrom(OnnxWriter.ToBytes(graph, GraphBuilderTests.SmallCheckpoint));

        Assert.Equal(OnnxWriter.OpsetVersion, model.OpsetImport.Single().Version);
        Assert.Equal(["x"], model.Graph.Input.Select(input => input.Name));
        Assert.Equal(
            ["batch", "tokens", ""],
            model.Graph.Input[0].Type.TensorType.Shape.Dim.Select(extent => extent.DimParam)
        );
        Assert.Equal(4, model.Graph.Input[0].Type.TensorType.Shape.Dim[2].DimValue);
        Assert.Equal(
            graph.Nodes.Select(node => node.Scope),
            model.Graph.Node.Select(node => node.MetadataProps.Single(pair => pair.Key == "scope").Value)
        );
        Assert.Equal(
            graph.Initializers.Select(initializer => initializer.Name),
            model.Graph.Initializer.Select(tensor => tensor.Name)
        );
        float[] stored = GraphBuilderTests.SmallCheckpoint.ReadSingle("block.proj.weight");
        float[] written = MemoryMarshal.Cast<byte, float>(model.Graph.Initializer[0].RawData.Span).ToArray();
        for (int o = 0; o < 3; o++)
        for (int i = 0; i < 4; i++)
            Assert.Equal(stored[(4 * o) + i], written[(3 * i) + o]);
    }

    [Fact]
    public void Quantizable_weights_become_inputs_when_asked()
    {
        Graph graph = GraphBuilderTests.SmallGraph();

        ModelProto model = ModelProto.Parser.ParseFrom(
            OnnxWriter.ToBytes(
                graph,
                GraphBuilderTests.SmallCheckpoint,
                new OnnxWriterOptions { QuantizableWeightsAsInputs = true }
            )
        );

        Assert.Equal(
            ["x", "block.proj.weight", "block.skip.weight", "block.skip.weight#1"],
            model.Graph.Input.Select(input => input.Name)
        );
        Assert.Equal(["block.proj.bias", "block.skip.bias"], model.Graph.Initializer.Select(tensor => tensor.Name));
    }

    [Fact]
    public void Above_the_threshold_data_lies_page_aligned_in_a_second_file()
    {
        MemoryTensors checkpoint = new MemoryTensors()
            .WithRandom("a.weight", 1, 40, 30)
            .WithRandom("b.weight", 2, 20, 40)
            .WithRandom("b.bias", 3, 20);
        var g = new GraphBuilder("External", checkpoint);
        GraphValue x = g.Input("x", ElementType.Float32, "batch", 30);
        g.Output("y", g.Linear("b", g.Linear("a", x, 40, bias: false), 20));
        string path = Path.Combine(folder, "graph.onnx");

        OnnxWriter.Write(g.Build(), checkpoint, path, new OnnxWriterOptions { ExternalDataThreshold = 100 });

        using FileStream stream = File.OpenRead(path);
        ModelProto model = ModelProto.Parser.ParseFrom(stream);
        byte[] data = File.ReadAllBytes(path + "_data");
        TensorProto second = model.Graph.Initializer.Single(tensor => tensor.Name == "b.weight");
        Dictionary<string, string> place = second.ExternalData.ToDictionary(pair => pair.Key, pair => pair.Value);
        Assert.Equal("graph.onnx_data", place["location"]);
        long offset = long.Parse(place["offset"], CultureInfo.InvariantCulture);
        Assert.Equal(8192, offset);
        Assert.Equal(offset + (20 * 40 * 4), data.Length);
        Assert.Equal(
            checkpoint.ReadSingle("b.weight")[41],
            BitConverter.ToSingle(data, (int)offset + (4 * ((1 * 20) + 1)))
        );
        // A tensor of 80 bytes stays in the model file.
        Assert.Equal(80, model.Graph.Initializer.Single(tensor => tensor.Name == "b.bias").RawData.Length);
    }

    [Fact]
    public void A_file_that_fails_half_way_leaves_nothing()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();

        Assert.Throws<OperationCanceledException>(() =>
            OnnxWriter.Write(
                GraphBuilderTests.SmallGraph(),
                GraphBuilderTests.SmallCheckpoint,
                Path.Combine(folder, "graph.onnx"),
                new OnnxWriterOptions { ExternalDataThreshold = 0 },
                cancelled.Token
            )
        );

        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    [Fact]
    public void A_transposition_is_exact_at_every_size()
    {
        foreach ((int rows, int columns) in new[] { (1, 1), (1, 70), (70, 1), (31, 33), (32, 64), (65, 100) })
        {
            float[] source = [.. Enumerable.Range(0, rows * columns).Select(i => (float)i)];
            float[] turned = new float[source.Length];
            InitializerData.Transpose(source, rows, columns, turned);
            for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++)
                Assert.Equal(source[(row * columns) + column], turned[(column * rows) + row]);
        }
    }
}
