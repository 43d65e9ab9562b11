using System.Globalization;

namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>A named constant of a node. Its type is one of the nested records.</summary>
/// <param name="Name">Name in the operator's definition.</param>
internal abstract record GraphAttribute(string Name)
{
    /// <summary>The value in canonical text.</summary>
    public abstract string ValueText { get; }

    /// <summary>One integer.</summary>
    public sealed record Whole(string Name, long Value) : GraphAttribute(Name)
    {
        /// <inheritdoc/>
        public override string ValueText => Value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>A list of integers.</summary>
    public sealed record Wholes(string Name, IReadOnlyList<long> Values) : GraphAttribute(Name)
    {
        /// <inheritdoc/>
        public override string ValueText => $"[{string.Join(", ", Values.Select(value => $"{value}"))}]";
    }

    /// <summary>One single-precision number.</summary>
    public sealed record Real(string Name, float Value) : GraphAttribute(Name)
    {
        /// <inheritdoc/>
        public override string ValueText => Value.ToString("R", CultureInfo.InvariantCulture);
    }

    /// <summary>A list of single-precision numbers.</summary>
    public sealed record Reals(string Name, IReadOnlyList<float> Values) : GraphAttribute(Name)
    {
        /// <inheritdoc/>
        public override string ValueText =>
            $"[{string.Join(", ", Values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)))}]";
    }

    /// <summary>A string.</summary>
    public sealed record Text(string Name, string Value) : GraphAttribute(Name)
    {
        /// <inheritdoc/>
        public override string ValueText => $"\"{Value}\"";
    }

    /// <summary>A list of strings.</summary>
    public sealed record Texts(string Name, IReadOnlyList<string> Values) : GraphAttribute(Name)
    {
        /// <inheritdoc/>
        public override string ValueText => $"[{string.Join(", ", Values.Select(value => $"\"{value}\""))}]";
    }

    /// <summary>A constant tensor.</summary>
    public sealed record Tensor(string Name, Initializer.Inline Value) : GraphAttribute(Name)
    {
        /// <inheritdoc/>
        public override string ValueText => GraphText.Describe(Value);
    }
}
