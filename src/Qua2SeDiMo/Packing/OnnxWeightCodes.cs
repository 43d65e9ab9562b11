using System.Runtime.InteropServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;

namespace Qua2SeDiMo.Packing;

/// <summary>
/// Replaces the weights of a graph by packed codes and the standard ONNX operators that reconstruct their values: UAQ
/// as (code − z)·Δ, K-Means A by Gather, K-Means C by GatherElements. Codes of 4 bits are stored as uint4, codes of 3
/// bits as a plane of their low two bits and a plane of their high bits. Tensors that keep their precision are stored
/// in the checkpoint's type.
/// </summary>
/// <remarks>
/// Inputs, outputs and values of the graph stay the same. The result lists no weights, since they are no longer
/// initializers. DequantizeLinear is avoided for two reasons: runtimes fuse it with MatMul into kernels that also
/// quantize activations to 8 bits, and its zero point must lie between 0 and 15.
/// </remarks>
internal static class OnnxWeightCodes
{
    internal static Graph Apply(Graph graph, ITensorSource tensors, BitAllocation allocation, QuantizerBank bank)
    {
        var tape = new Tape(graph, tensors);
        foreach (GraphWeight weight in graph.Weights)
        {
            if (allocation[weight.Weight.Name] is { } spec)
                tape.AddCodes(weight, spec, bank);
        }
        foreach (Initializer initializer in graph.Initializers)
            tape.AddStored(initializer);
        return tape.Build();
    }

    private sealed class Tape(Graph graph, ITensorSource tensors)
    {
        private const int Planes = 8;
        private readonly List<GraphNode> nodes = [];
        private readonly List<Initializer> initializers = [];
        private readonly Dictionary<string, GraphValue> values = new(graph.Values, StringComparer.Ordinal);
        private readonly HashSet<string> done = new(StringComparer.Ordinal);
        private readonly HashSet<string> constants = new(StringComparer.Ordinal);

        internal Graph Build() =>
            new(graph.Name, graph.Inputs, graph.Outputs, [.. nodes, .. graph.Nodes], initializers, [], values);

        internal void AddCodes(GraphWeight weight, QuantizerSpec spec, QuantizerBank bank)
        {
            QuantizableWeight shape = weight.Weight;
            string name = weight.Initializer.Name;
            done.Add(name);
            long rows = shape.OutChannels,
                columns = shape.RowLength;
            byte[] Codes() => bank.Load(shape.Name, spec).Codes;
            string codes = spec.Bits switch
            {
                4 => Whole(name, ElementType.UInt4, rows, columns, () => Packed(Codes(), 4)),
                <= 3 => FromPlanes(name, spec.Bits, rows, columns, Codes),
                _ => Whole(name, ElementType.UInt8, rows, columns, Codes),
            };
            QuantizedWeight tables = bank.Load(shape.Name, spec);
            string matrix = tables.Affine is { } affine
                ? Affine(name, codes, affine, rows, columns)
                : Palette(name, codes, tables, rows, columns);
            if (weight.Initializer.Transposed)
                Add(
                    name,
                    "Transpose",
                    [matrix],
                    ElementType.Float32,
                    weight.Initializer.Shape,
                    name,
                    new GraphAttribute.Wholes("perm", [1, 0])
                );
            else
                Add(
                    name,
                    "Reshape",
                    [matrix, Numbers(weight.Initializer.Shape)],
                    ElementType.Float32,
                    weight.Initializer.Shape,
                    name
                );
        }

        // Stores a tensor that is not quantized in the checkpoint's type if that has 16 bits, followed by a cast.
        internal void AddStored(Initializer initializer)
        {
            if (done.Contains(initializer.Name))
                return;
            if (
                initializer is not Initializer.FromTensor { Type: ElementType.Float32, IsCut: false } tensor
                || tensors.Tensors[tensor.TensorName].Type is not (ElementType.Float16 or ElementType.BFloat16)
            )
            {
                initializers.Add(initializer);
                return;
            }
            ElementType type = tensors.Tensors[tensor.TensorName].Type;
            IReadOnlyList<long> shape = tensor.Transposed ? [tensor.Shape[1], tensor.Shape[0]] : tensor.Shape;
            string stored = Hold(
                tensor with
                {
                    Name = $"{tensor.Name}/stored",
                    Type = type,
                    Shape = shape,
                    TensorShape = shape,
                    Transposed = false,
                }
            );
            string single = Cast(
                tensor.Name,
                stored,
                ElementType.Float32,
                shape,
                tensor.Transposed ? null : tensor.Name
            );
            if (tensor.Transposed)
                Add(
                    tensor.Name,
                    "Transpose",
                    [single],
                    ElementType.Float32,
                    tensor.Shape,
                    tensor.Name,
                    new GraphAttribute.Wholes("perm", [1, 0])
                );
        }

        private string Whole(string name, ElementType type, long rows, long columns, Func<byte[]> make) =>
            Hold(
                new Initializer.Computed(
                    $"{name}/codes",
                    type,
                    [rows, columns],
                    destination => make().CopyTo(destination)
                )
            );

        // Low two bits are stored four per byte, and the high bits of 3-bit codes eight per byte. Both planes cover the
        // weight row by row and are padded to whole bytes.
        private string FromPlanes(string name, int bits, long rows, long columns, Func<byte[]> make)
        {
            long count = rows * columns,
                padded = (count + Planes - 1) / Planes * Planes;
            string codes = LowBits(name, padded, make);
            if (bits == 3)
                codes = Add(name, "BitwiseOr", [codes, HighBits(name, padded, make)], ElementType.UInt8, [padded]);
            if (padded != count)
                codes = Add(name, "Slice", [codes, Numbers([0]), Numbers([count])], ElementType.UInt8, [count]);
            return Add(
                $"{name}/codes",
                "Reshape",
                [codes, Numbers([rows, columns])],
                ElementType.UInt8,
                [rows, columns]
            );
        }

        private string LowBits(string name, long padded, Func<byte[]> make)
        {
            string packed = Hold(
                new Initializer.Computed(
                    $"{name}/low",
                    ElementType.UInt8,
                    [padded / 4, 1],
                    destination => CodePacker.Pack(Plane(make(), padded, code => code & 3), 2, destination)
                )
            );
            string spread = Spread($"{name}/low", packed, 2, [padded / 4, 4]);
            return Add($"{name}/low", "Reshape", [spread, Numbers([-1])], ElementType.UInt8, [padded]);
        }

        // The third bits of the codes, shifted to bit 2.
        private string HighBits(string name, long padded, Func<byte[]> make)
        {
            long[] shape = [padded / 8, 8];
            string packed = Hold(
                new Initializer.Computed(
                    $"{name}/high",
                    ElementType.UInt8,
                    [padded / 8, 1],
                    destination => CodePacker.PackPlain(Plane(make(), padded, code => code >> 2), 1, destination)
                )
            );
            string raised = Shift(
                $"{name}/high/raised",
                "LEFT",
                Spread($"{name}/high", packed, 1, shape),
                Byte(2),
                shape
            );
            return Add($"{name}/high", "Reshape", [raised, Numbers([-1])], ElementType.UInt8, [padded]);
        }

        private static byte[] Plane(byte[] codes, long padded, Func<byte, int> part)
        {
            byte[] plane = new byte[padded];
            for (int i = 0; i < codes.Length; i++)
                plane[i] = (byte)part(codes[i]);
            return plane;
        }

        // Unpacks values that share bytes, the first in the lowest bits, to one value per byte.
        private string Spread(string stem, string packed, int bits, long[] shape)
        {
            long perByte = shape[1];
            string shifts = Hold(
                new Initializer.Inline(
                    $"shifts {perByte}",
                    ElementType.UInt8,
                    [perByte],
                    Enumerable.Range(0, (int)perByte).Select(i => (byte)(bits * i)).ToArray()
                )
            );
            string moved = Shift(stem, "RIGHT", packed, shifts, shape);
            return Add(stem, "BitwiseAnd", [moved, Byte((1 << bits) - 1)], ElementType.UInt8, shape);
        }

        private string Shift(string stem, string direction, string source, string by, long[] shape) =>
            Add(
                stem,
                "BitShift",
                [source, by],
                ElementType.UInt8,
                shape,
                null,
                new GraphAttribute.Text("direction", direction)
            );

        private string Affine(string name, string codes, AffineParameters affine, long rows, long columns)
        {
            long[] shape = [rows, columns];
            string steps = Hold(
                new Initializer.Inline($"{name}/steps", ElementType.Float32, [rows, 1], Bytes<float>(affine.Scales))
            );
            string zeroPoints = affine.ZeroPoints.All(value => value is >= sbyte.MinValue and <= sbyte.MaxValue)
                ? Cast(
                    $"{name}/zero_points",
                    Hold(
                        new Initializer.Inline(
                            $"{name}/zero_points",
                            ElementType.Int8,
                            [rows, 1],
                            Bytes<sbyte>([.. affine.ZeroPoints.Select(value => (sbyte)value)])
                        )
                    ),
                    ElementType.Float32,
                    [rows, 1]
                )
                : Hold(
                    new Initializer.Inline(
                        $"{name}/zero_points",
                        ElementType.Float32,
                        [rows, 1],
                        Bytes<float>(affine.ZeroPoints)
                    )
                );
            string centred = Add(
                name,
                "Sub",
                [Cast(name, codes, ElementType.Float32, shape), zeroPoints],
                ElementType.Float32,
                shape
            );
            return Add(name, "Mul", [centred, steps], ElementType.Float32, shape);
        }

        private string Palette(string name, string codes, QuantizedWeight tables, long rows, long columns)
        {
            bool isShared = tables.Spec.Method == QuantizerMethod.KMeansPerTensor;
            long[] shape = [rows, columns],
                tableShape = isShared ? [tables.Spec.PaletteLength] : [rows, tables.Spec.PaletteLength];
            ElementType type = tables.Spec.PaletteType(tables.TableType);
            byte[] data = new byte[tables.Palettes.Length * type.SizeBytes()];
            TablePrecision.Write(type, tables.Palettes, data);
            string palette = Hold(new Initializer.Inline($"{name}/palette", type, tableShape, data));
            if (type != ElementType.Float32)
                palette = Cast($"{name}/palette", palette, ElementType.Float32, tableShape);
            string indices = Cast(name, codes, ElementType.Int32, shape);
            return isShared
                ? Add(name, "Gather", [palette, indices], ElementType.Float32, shape)
                : Add(
                    name,
                    "GatherElements",
                    [palette, indices],
                    ElementType.Float32,
                    shape,
                    null,
                    new GraphAttribute.Whole("axis", 1)
                );
        }

        private string Cast(
            string stem,
            string source,
            ElementType type,
            IReadOnlyList<long> shape,
            string? output = null
        ) => Add(stem, "Cast", [source], type, shape, output, new GraphAttribute.Whole("to", OnnxTypes.ToOnnx(type)));

        private string Add(
            string stem,
            string opType,
            string[] inputs,
            ElementType type,
            IReadOnlyList<long> shape,
            string? output = null,
            params GraphAttribute[] attributes
        )
        {
            string node = $"{stem}/{opType}";
            output ??= node;
            values[output] = new GraphValue(output, type, [.. shape.Select(extent => new Dimension(extent))]);
            nodes.Add(new GraphNode(node, opType, "", inputs, [output], attributes, ""));
            return output;
        }

        private string Byte(int value) =>
            Hold(new Initializer.Inline($"byte {value}", ElementType.UInt8, [], new[] { (byte)value }));

        private string Numbers(IReadOnlyList<long> numbers) =>
            Hold(
                new Initializer.Inline(
                    $"numbers {string.Join(' ', numbers.Select(number => $"{number}"))}",
                    ElementType.Int64,
                    [numbers.Count],
                    Bytes<long>([.. numbers])
                )
            );

        // Adds a constant, unless one with its name exists: equal names stand for equal constants.
        private string Hold(Initializer initializer)
        {
            if (!constants.Add(initializer.Name))
                return initializer.Name;
            initializers.Add(initializer);
            values[initializer.Name] = initializer.Value;
            return initializer.Name;
        }

        private static byte[] Packed(byte[] codes, int bits)
        {
            byte[] packed = new byte[CodePacker.PackedLength(codes.Length, bits)];
            CodePacker.Pack(codes, bits, packed);
            return packed;
        }

        private static byte[] Bytes<T>(T[] numbers)
            where T : unmanaged => MemoryMarshal.AsBytes<T>(numbers).ToArray();
    }
}
