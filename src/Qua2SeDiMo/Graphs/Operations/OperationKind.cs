namespace Qua2SeDiMo.Graphs.Operations;

/// <summary>Kind of a node of the <see cref="OperationGraph"/>.</summary>
internal enum OperationKind
{
    /// <summary>A quantizable weight with its operator.</summary>
    Weight,

    /// <summary>Element-by-element sum of two streams, a residual connection for instance.</summary>
    Add,

    /// <summary>Q·Kᵀ: a matrix product of two streams that goes through a softmax.</summary>
    QueryKey,

    /// <summary>Softmax(Q·Kᵀ)·V.</summary>
    AttentionValue,

    /// <summary>A stream scaled, and usually also shifted, by a condition: adaptive layer norm.</summary>
    Modulation,

    /// <summary>A normalised stream to which a condition is added, without a scale.</summary>
    ConditionedNorm,

    /// <summary>A concatenation of streams that several nodes read whole.</summary>
    Concat,

    /// <summary>Any other product of two streams: a gated feed-forward of two weights, attention without a
    /// softmax.</summary>
    Product,
}

/// <summary>Names of node kinds, as used in node names and files.</summary>
internal static class OperationKinds
{
    /// <summary>Every kind, in the order of its code.</summary>
    public static IReadOnlyList<OperationKind> All { get; } = Enum.GetValues<OperationKind>();

    /// <summary>Lower case with underscores, for instance <c>query_key</c>.</summary>
    public static string Text(this OperationKind kind) =>
        kind switch
        {
            OperationKind.Weight => "weight",
            OperationKind.Add => "add",
            OperationKind.QueryKey => "query_key",
            OperationKind.AttentionValue => "attention_value",
            OperationKind.Modulation => "modulation",
            OperationKind.ConditionedNorm => "conditioned_norm",
            OperationKind.Concat => "concat",
            OperationKind.Product => "product",
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
}
