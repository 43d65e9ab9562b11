using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Gradients;

/// <summary>
/// Gradient rule of Einsum. The gradient in one operand is an Einsum of the cotangent and the other operands, with that
/// operand's letters as result. For a letter that occurs only in that operand, a vector of ones is added as operand;
/// for a letter that is repeated in it, an identity matrix.
/// </summary>
internal static class EinsumRule
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    internal static void Apply(NodeGradient node)
    {
        Term[] operands = [.. Enumerable.Range(0, node.InputCount).Select(i => node.Input(i))];
        (string[] terms, string result) = Explicit(node, operands);
        var extents = new Dictionary<char, long>();
        for (int i = 0; i < operands.Length; i++)
        {
            for (int axis = 0; axis < terms[i].Length; axis++)
            {
                extents[terms[i][axis]] = Math.Max(extents.GetValueOrDefault(terms[i][axis]), operands[i][axis]);
            }
        }
        for (int i = 0; i < operands.Length; i++)
        {
            if (node.Wants(i))
                node.Give(i, Gradient(node, operands, terms, result, extents, i));
        }
    }

    private static Term Gradient(
        NodeGradient node,
        Term[] operands,
        string[] terms,
        string result,
        Dictionary<char, long> extents,
        int wanted
    )
    {
        Term dy = node.Cotangent();
        var values = new List<Term> { dy };
        var letters = new List<string> { result };
        for (int i = 0; i < operands.Length; i++)
        {
            if (i == wanted)
                continue;
            values.Add(operands[i]);
            letters.Add(terms[i]);
        }
        string known = string.Concat(letters),
            target = "";
        foreach (char letter in terms[wanted])
        {
            if (target.Contains(letter, StringComparison.Ordinal))
            {
                char other = Letters.First(candidate =>
                    !known.Contains(candidate, StringComparison.Ordinal)
                    && !terms[wanted].Contains(candidate, StringComparison.Ordinal)
                    && !target.Contains(candidate, StringComparison.Ordinal)
                );
                values.Add(Identity(dy, extents[letter]));
                letters.Add($"{letter}{other}");
                target += other;
                continue;
            }
            if (!known.Contains(letter, StringComparison.Ordinal))
            {
                values.Add(dy.Number(1).ExpandTo([extents[letter]]));
                letters.Add($"{letter}");
            }
            target += letter;
        }
        // The gradient of an operand that was broadcast from extent 1 has the full extent here; Give sums it.
        return dy.Record(
            "Einsum",
            [.. values.Skip(1)],
            [.. terms[wanted].Select(letter => extents[letter])],
            new GraphAttribute.Text("equation", $"{string.Join(",", letters)}->{target}")
        );
    }

    private static Term Identity(Term like, long extent)
    {
        float[] ones = new float[extent * extent];
        for (long i = 0; i < extent; i++)
            ones[(i * extent) + i] = 1;
        return like.Table(ones, extent, extent);
    }

    // Terms and result with one letter per axis: an ellipsis is replaced by letters that the equation does not use.
    private static (string[] Terms, string Result) Explicit(NodeGradient node, Term[] operands)
    {
        string equation = node.Text("equation", "").Replace(" ", "", StringComparison.Ordinal);
        string[] sides = equation.Split("->");
        string[] terms = sides[0].Split(',');
        if (terms.Length != operands.Length)
            throw node.Unsupported($"the equation '{equation}' with {operands.Length} operands");
        string free = string.Concat(Letters.Where(letter => !equation.Contains(letter, StringComparison.Ordinal)));
        int widest = 0;
        for (int i = 0; i < terms.Length; i++)
        {
            if (terms[i].Contains("...", StringComparison.Ordinal))
                widest = Math.Max(widest, operands[i].Rank - (terms[i].Length - 3));
        }
        // Axes of an ellipsis are aligned at the last axis.
        string dots = free[..widest];
        for (int i = 0; i < terms.Length; i++)
        {
            terms[i] = terms[i]
                .Replace(
                    "...",
                    dots[Math.Min(widest, Math.Max(0, widest - (operands[i].Rank - (terms[i].Length - 3))))..],
                    StringComparison.Ordinal
                );
        }
        string result =
            sides.Length > 1
                ? sides[1].Replace("...", dots, StringComparison.Ordinal)
                : dots
                    + string.Concat(
                        string.Concat(terms)
                            .Where(letter => !dots.Contains(letter, StringComparison.Ordinal))
                            .GroupBy(letter => letter)
                            .Where(group => group.Count() == 1)
                            .Select(group => group.Key)
                            .Order()
                    );
        return (terms, result);
    }
}
