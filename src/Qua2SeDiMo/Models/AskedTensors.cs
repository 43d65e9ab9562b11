using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Qua2SeDiMo.Models;

/// <summary>Wraps a tensor source and records which names are looked up, to find tensors that a model does not
/// read.</summary>
/// <param name="source">The wrapped source; the caller disposes it.</param>
internal sealed class AskedTensors(ITensorSource source) : ITensorSource
{
    private readonly Lookup lookup = new(source.Tensors);

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => lookup;

    /// <summary>Tensors that were never looked up, ordered by name.</summary>
    public IReadOnlyList<TensorInfo> Unread =>
        [
            .. source
                .Tensors.Values.Where(tensor => !lookup.Asked.Contains(tensor.Name))
                .OrderBy(tensor => tensor.Name, StringComparer.Ordinal),
        ];

    /// <inheritdoc/>
    public void ReadSingle(string name, long start, Span<float> destination) =>
        source.ReadSingle(name, start, destination);

    /// <inheritdoc/>
    public void ReadBytes(string name, long start, Span<byte> destination) =>
        source.ReadBytes(name, start, destination);

    /// <inheritdoc/>
    public void Dispose() { }

    /// <inheritdoc/>
    public override string? ToString() => source.ToString();

    private sealed class Lookup(IReadOnlyDictionary<string, TensorInfo> tensors)
        : IReadOnlyDictionary<string, TensorInfo>
    {
        internal HashSet<string> Asked { get; } = new(StringComparer.Ordinal);

        public IEnumerable<string> Keys => tensors.Keys;

        public IEnumerable<TensorInfo> Values => tensors.Values;

        public int Count => tensors.Count;

        public TensorInfo this[string key] => Note(key, tensors[key]);

        public bool ContainsKey(string key) => TryGetValue(key, out _);

        public bool TryGetValue(string key, [MaybeNullWhen(false)] out TensorInfo value)
        {
            bool found = tensors.TryGetValue(key, out value);
            if (found)
                Asked.Add(key);
            return found;
        }

        public IEnumerator<KeyValuePair<string, TensorInfo>> GetEnumerator() => tensors.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        private TensorInfo Note(string key, TensorInfo value)
        {
            Asked.Add(key);
            return value;
        }
    }
}
