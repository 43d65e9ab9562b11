using System.Buffers.Binary;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.Operators;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Palettes;
using Xunit;

namespace Qua2SeDiMo.Tests.Inference.Operators;

/// <summary>Inconsistent model files make the operators fail with an error, never with a crash.</summary>
public sealed class HostileOperatorTests
{
    private const int In = 40,
        Out = 12;
    private static readonly byte[] Sound = Weight(In, Out);

    [Fact]
    public void A_sound_model_runs()
    {
        Assert.Equal(2 * Out, Run(MatMul(), Sound, [2, In]).Length);
        Assert.Equal(Out * 9, Run(Conv(), Weight(4 * 9, Out), [1, 4, 3, 3]).Length);
    }

    [Theory]
    [InlineData("in", 0L)]
    [InlineData("in", -40L)]
    [InlineData("in", 41L)]
    [InlineData("in", long.MaxValue)]
    [InlineData("out", 0L)]
    [InlineData("out", 1L << 32)]
    [InlineData("out", 13L)]
    [InlineData("bits", 3L)]
    [InlineData("activation_bits", 1L)]
    [InlineData("activation_bits", 9L)]
    [InlineData("activation_bits", long.MinValue)]
    public void An_attribute_that_cannot_be_is_refused(string name, long value) =>
        Assert.Contains("PaletteMatMul", Refused(MatMul((name, value)), Sound, [2, In]), StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    public void A_weight_that_ends_early_is_refused(int length) => Refused(MatMul(), Sound[..length], [2, In]);

    [Fact]
    public void A_weight_with_bytes_behind_it_is_refused() => Refused(MatMul(), [.. Sound, 0], [2, In]);

    [Fact]
    public void Every_damaged_byte_of_the_header_is_refused_or_harmless()
    {
        int refused = 0,
            harmless = 0;
        for (int i = 0; i < 64; i++)
        {
            foreach (byte value in new byte[] { 0, 1, 3, 0x7F, 0x80, 0xFF })
            {
                byte[] damaged = [.. Sound];
                damaged[i] = value;
                try
                {
                    Assert.Equal(2 * Out, Run(MatMul(), damaged, [2, In]).Length);
                    harmless++;
                }
                catch (InferenceException error)
                {
                    Assert.Contains("PaletteMatMul", error.Message, StringComparison.Ordinal);
                    refused++;
                }
            }
        }
        Assert.Equal(64 * 6, refused + harmless);
        // Some bytes are unused or already have the value; changed bytes of kind, bits or extents must be rejected.
        Assert.InRange(refused, 64, (64 * 6) - 1);
    }

    [Theory]
    [InlineData(int.MaxValue, int.MaxValue)]
    [InlineData(-1, In)]
    [InlineData(Out, 0)]
    [InlineData(Out, int.MinValue)]
    [InlineData(int.MaxValue, 16)]
    public void Sizes_in_the_header_that_do_not_fit_its_bytes_are_refused(int outChannels, int rowLength)
    {
        byte[] damaged = [.. Sound];
        BinaryPrimitives.WriteInt32LittleEndian(damaged.AsSpan(8), outChannels);
        BinaryPrimitives.WriteInt32LittleEndian(damaged.AsSpan(12), rowLength);
        Refused(MatMul(), damaged, [2, In]);
    }

    [Fact]
    public void Codes_and_tables_of_random_bytes_do_no_harm()
    {
        var random = new Pcg32(3);
        byte[] noise = [.. Sound];
        for (int i = 64; i < noise.Length; i++)
            noise[i] = (byte)random.Next(256);
        Assert.Equal(2 * Out, Run(MatMul(), noise, [2, In]).Length);
        Assert.Equal(2 * Out, Run(MatMul(("activation_bits", 8)), noise, [2, In]).Length);
    }

    [Theory]
    [InlineData(2L, 39L)]
    [InlineData(40L, 2L)]
    [InlineData(0L, 0L)]
    public void An_input_of_another_width_is_refused(long rows, long width) => Refused(MatMul(), Sound, [rows, width]);

    [Fact]
    public void A_bias_of_another_length_is_refused()
    {
        static Initializer Bias(int length) =>
            new Initializer.Inline("bias", ElementType.Float32, [length], new byte[4 * length]);
        GraphNode node = MatMul() with { Inputs = ["x", "w", "bias"] };
        Refused(node, Sound, [2, In], Bias(Out + 1));
        Assert.Equal(Out, Run(node, Sound, [1, In], Bias(Out)).Length);
    }

    [Fact]
    public void A_weight_left_out_is_refused() => Refused(MatMul() with { Inputs = ["x", ""] }, Sound, [2, In]);

    [Theory]
    [InlineData("kernel_shape", 3L)]
    [InlineData("kernel_shape", 3L, 0L)]
    [InlineData("kernel_shape", 3L, 4L)]
    [InlineData("kernel_shape", 1L << 40, 1L << 40)]
    [InlineData("strides", 0L, 1L)]
    [InlineData("strides", -1L, 1L)]
    [InlineData("pads", -1L, 0L, 0L, 0L)]
    [InlineData("pads", 1L, 1L)]
    [InlineData("dilations", 9L, 9L)]
    [InlineData("dilations", 1L << 33, 1L)]
    public void An_impossible_convolution_is_refused(string name, params long[] values)
    {
        GraphNode conv = Conv();
        GraphAttribute[] attributes =
        [
            .. conv.Attributes.Where(attribute => attribute.Name != name),
            new GraphAttribute.Wholes(name, values),
        ];
        Refused(conv with { Attributes = attributes }, Weight(4 * 9, Out), [1, 4, 3, 3]);
    }

    [Fact]
    public void A_grouped_convolution_and_an_input_that_is_no_image_are_refused()
    {
        GraphNode conv = Conv();
        Refused(
            conv with
            {
                Attributes = [.. conv.Attributes, new GraphAttribute.Whole("group", 2)],
            },
            Weight(4 * 9, Out),
            [1, 4, 3, 3]
        );
        Refused(conv, Weight(4 * 9, Out), [4, 3, 3]);
        Refused(conv, Weight(4 * 9, Out), [1, 5, 3, 3]);
        Refused(
            conv with
            {
                Attributes = [.. conv.Attributes.Where(attribute => attribute.Name != "pads")],
            },
            Weight(4 * 9, Out),
            [1, 4, 2, 2]
        );
    }

    private static byte[] Weight(int rowLength, int outChannels)
    {
        var random = new Pcg32(1);
        float[] values = [.. Enumerable.Range(0, rowLength * outChannels).Select(_ => (float)random.NextNormal())];
        var matrix = new WeightMatrix("w", values, outChannels, rowLength, ElementType.Float32);
        return PaletteMatrix
            .From(WeightQuantizer.Quantize(matrix, [new QuantizerSpec(QuantizerMethod.KMeansPerChannel, 4)])[0])
            .Data.ToArray();
    }

    private static GraphNode MatMul(params (string Name, long Value)[] changes)
    {
        var attributes = new Dictionary<string, long>
        {
            ["in"] = In,
            ["out"] = Out,
            ["bits"] = 4,
            ["activation_bits"] = 0,
        };
        foreach ((string name, long value) in changes)
            attributes[name] = value;
        return new GraphNode(
            "node",
            PaletteOperatorNames.MatMul,
            PaletteOperatorNames.Domain,
            ["x", "w"],
            ["y"],
            [.. attributes.Select(pair => new GraphAttribute.Whole(pair.Key, pair.Value))],
            ""
        );
    }

    private static GraphNode Conv() =>
        new(
            "node",
            PaletteOperatorNames.Conv,
            PaletteOperatorNames.Domain,
            ["x", "w"],
            ["y"],
            [
                new GraphAttribute.Whole("in", 4),
                new GraphAttribute.Whole("out", Out),
                new GraphAttribute.Wholes("kernel_shape", [3, 3]),
                new GraphAttribute.Wholes("pads", [1, 1, 1, 1]),
            ],
            ""
        );

    private static string Refused(GraphNode node, byte[] weight, long[] shape, params Initializer[] more) =>
        Assert.Throws<InferenceException>(() => Run(node, weight, shape, more)).Message;

    private static float[] Run(GraphNode node, byte[] weight, long[] shape, params Initializer[] more)
    {
        // Symbolic extents, so that the operator itself has to detect the mismatch.
        var x = new GraphValue("x", ElementType.Float32, [.. shape.Select((_, i) => new Dimension($"n{i}"))]);
        var y = new GraphValue("y", ElementType.Float32, [.. shape.Select((_, i) => new Dimension($"m{i}"))]);
        Initializer[] initializers = [new Initializer.Inline("w", ElementType.UInt8, [weight.Length], weight), .. more];
        var graph = new Graph(
            "Hostile",
            [x],
            [y],
            [node],
            initializers,
            [],
            new Dictionary<string, GraphValue> { ["x"] = x, ["y"] = y }
        );
        using var model = new InferenceModel(graph, new MemoryTensors());
        return model.Run(new Dictionary<string, TensorValue> { ["x"] = PaletteFixture.Random(2, shape) })["y"].Singles;
    }
}
