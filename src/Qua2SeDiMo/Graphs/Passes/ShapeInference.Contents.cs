using System.Runtime.InteropServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Passes;

// Evaluates small integer values (arithmetic on shapes) whose operands are all known.
internal sealed partial class ShapeInference
{
    private const int LargestContent = 64;

    // Elements of small integer values: numbers, or symbolic extents.
    private readonly Dictionary<string, Dimension[]> contents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long[]> negatives = new(StringComparer.Ordinal);

    private void Hold(Initializer.Inline inline)
    {
        if (inline.ElementCount > LargestContent || inline.Type is not (ElementType.Int64 or ElementType.Int32))
            return;
        long[] numbers =
            inline.Type == ElementType.Int64
                ? MemoryMarshal.Cast<byte, long>(inline.Data.Span).ToArray()
                : [.. MemoryMarshal.Cast<byte, int>(inline.Data.Span).ToArray().Select(number => (long)number)];
        SetContent(inline.Name, numbers);
    }

    private void SetContent(string name, long[] numbers)
    {
        if (numbers.Length > LargestContent)
            return;
        // A Dimension is never negative, so values that contain a negative number (such as −1) are kept apart.
        if (numbers.Any(number => number < 0))
            negatives[name] = numbers;
        else
            contents[name] = [.. numbers.Select(number => new Dimension(number))];
    }

    private long[]? Numbers(GraphNode node, int input)
    {
        if (input >= node.Inputs.Count || node.Inputs[input].Length == 0)
            return null;
        string name = node.Inputs[input];
        return negatives.TryGetValue(name, out long[]? signed) ? signed
            : contents.TryGetValue(name, out Dimension[]? content) && content.All(extent => extent.IsFixed)
                ? [.. content.Select(extent => extent.Size)]
            : null;
    }

    private Dimension[]? Content(GraphNode node, int input) =>
        input < node.Inputs.Count && contents.TryGetValue(node.Inputs[input], out Dimension[]? content)
            ? content
            : null;

    private void Evaluate(GraphNode node, string output)
    {
        if (node.OpType is "Identity" or "Cast" or "Unsqueeze" or "Squeeze" or "Reshape")
            Copy(node, output);
        else if (ExtentsOf(node) is { } extents)
            contents[output] = extents;
        else if (NumbersOf(node) is { } numbers)
            SetContent(output, numbers);
    }

    private void Copy(GraphNode node, string output)
    {
        if (TypeOf(node) is not (ElementType.Int64 or ElementType.Int32))
            return;
        if (contents.TryGetValue(node.Inputs[0], out Dimension[]? same))
            contents[output] = same;
        if (negatives.TryGetValue(node.Inputs[0], out long[]? signed))
            negatives[output] = signed;
    }

    // The result of an operator that can carry symbolic extents; null when it is not known.
    private Dimension[]? ExtentsOf(GraphNode node) =>
        node.OpType switch
        {
            "Shape" => Shape(node, 0) is { } shape ? PartOfShape(node, shape) : null,
            "Gather" => GatherContent(node),
            "Slice" => SliceContent(node),
            "Concat" => node.Inputs.All(contents.ContainsKey) && LengthOfAll(node) <= LargestContent
                ? [.. node.Inputs.SelectMany(input => contents[input])]
                : null,
            _ => null,
        };

    // The result of an operator that is evaluated on numbers only; null when one of them is not known.
    private long[]? NumbersOf(GraphNode node) =>
        node.OpType switch
        {
            "Concat" => ConcatNumbers(node),
            "Add" or "Sub" or "Mul" or "Div" or "Equal" => Combine(node),
            "Where" => Choose(node),
            "ConstantOfShape" => Repeat(node),
            _ => null,
        };

    private static Dimension[] PartOfShape(GraphNode node, IReadOnlyList<Dimension> shape)
    {
        int start = (int)node.Integer("start", 0),
            end = (int)node.Integer("end", shape.Count);
        int first = start < 0 ? start + shape.Count : start,
            last = end < 0 ? end + shape.Count : end;
        return [.. shape.Skip(first).Take(last - first)];
    }

    private Dimension[]? GatherContent(GraphNode node) =>
        Numbers(node, 1) is { } picks
        && node.Integer("axis", 0) == 0
        && contents.TryGetValue(node.Inputs[0], out Dimension[]? table)
        && picks.All(pick => pick >= -table.Length && pick < table.Length)
            ? [.. picks.Select(pick => table[pick < 0 ? pick + table.Length : pick])]
            : null;

    private Dimension[]? SliceContent(GraphNode node)
    {
        if (
            !contents.TryGetValue(node.Inputs[0], out Dimension[]? list)
            || Numbers(node, 1) is not [long from]
            || Numbers(node, 2) is not [long to]
            || Numbers(node, 4) is not (null or [1])
        )
            return null;
        long first = Bound(from, list.Length),
            last = Bound(to, list.Length);
        return [.. list.Skip((int)first).Take((int)Math.Max(0, last - first))];
    }

    private long[]? ConcatNumbers(GraphNode node) =>
        node.Inputs.All(input =>
            negatives.ContainsKey(input)
            || (contents.TryGetValue(input, out Dimension[]? part) && part.All(extent => extent.IsFixed))
        )
        && LengthOfAll(node) <= LargestContent
            ? [.. Enumerable.Range(0, node.Inputs.Count).SelectMany(i => Numbers(node, i)!)]
            : null;

    private int LengthOfAll(GraphNode node) =>
        node.Inputs.Sum(input =>
            contents.TryGetValue(input, out Dimension[]? part) ? part.Length : negatives[input].Length
        );

    // Element by element; a single number is combined with every element of the other operand.
    private long[]? Combine(GraphNode node) =>
        Numbers(node, 0) is { } left
        && Numbers(node, 1) is { } right
        && (left.Length == right.Length || left.Length == 1 || right.Length == 1)
            ?
            [
                .. Enumerable
                    .Range(0, Math.Max(left.Length, right.Length))
                    .Select(i =>
                        Arithmetic(node.OpType, left[left.Length == 1 ? 0 : i], right[right.Length == 1 ? 0 : i])
                    ),
            ]
            : null;

    private static long Arithmetic(string op, long left, long right) =>
        op switch
        {
            "Add" => left + right,
            "Sub" => left - right,
            "Mul" => left * right,
            "Equal" => left == right ? 1 : 0,
            _ => right == 0 ? 0 : left / right,
        };

    private long[]? Choose(GraphNode node) =>
        Numbers(node, 0) is { } condition
        && Numbers(node, 1) is { } yes
        && Numbers(node, 2) is { } no
        && condition.Length == yes.Length
        && yes.Length == no.Length
            ? [.. condition.Select((chosen, i) => chosen != 0 ? yes[i] : no[i])]
            : null;

    private long[]? Repeat(GraphNode node) =>
        Numbers(node, 0) is [<= LargestContent and >= 0 and long count]
        && node.Attributes.OfType<GraphAttribute.Tensor>().FirstOrDefault()?.Value is { Type: ElementType.Int64 } fill
            ? [.. Enumerable.Repeat(MemoryMarshal.Read<long>(fill.Data.Span), (int)count)]
            : null;

    private static long Bound(long position, long extent) =>
        Math.Clamp(position < 0 ? position + extent : position, 0, extent);
}
