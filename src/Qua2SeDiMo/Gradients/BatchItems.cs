namespace Qua2SeDiMo.Gradients;

/// <summary>Which rows of a layer belong to which item of a batch: row b of the batch belongs to item b modulo their
/// number, so that the halves of guidance are one item.</summary>
/// <param name="graph">Name of the graph, for messages.</param>
/// <param name="batch">Extent of the first axis of the model's inputs.</param>
/// <param name="items">Number of items.</param>
internal sealed class BatchItems(string graph, long batch, long items)
{
    /// <summary>Number of items.</summary>
    internal long Count => items;

    /// <summary>A term of a layer by item: [items, rows of the item, width].</summary>
    /// <param name="use">The layer.</param>
    /// <param name="x">[…, width]; axes in front of the last one are the batch, or begin with it.</param>
    /// <exception cref="GradientException">Items share a row.</exception>
    internal Term Split(LayerUse use, Term x)
    {
        long width = x[-1],
            rows = x.Count / width;
        if (items == 1)
            return x.Reshape(1, rows, width);
        long lead = use.IsConvolution ? use.Input[0] : batch,
            turns = Turns(use, lead);
        if (rows % lead != 0)
            throw Shared(use, rows);
        return x.Reshape(turns, items, rows / lead, width).Transpose(1, 0, 2, 3).Reshape(items, rows / items, width);
    }

    /// <summary>How many rows of each item there are among all.</summary>
    /// <exception cref="GradientException">Items share a row.</exception>
    internal long Turns(LayerUse use, long rows) => rows % items == 0 ? rows / items : throw Shared(use, rows);

    private GradientException Shared(LayerUse use, long rows) =>
        new(
            $"{graph}: at node '{use.Node.Name}' the weight '{use.Weight.Weight.Name}' sees {rows} rows, "
                + $"which do not fall to {items} items of a batch of {batch}. "
                + "Run the items one by one."
        );
}
