namespace Qua2SeDiMo.Models;

/// <summary>Thrown when a checkpoint does not contain a required tensor.</summary>
internal sealed class MissingTensorException : Q2Exception
{
    private MissingTensorException(string message)
        : base(message) { }

    /// <summary>Creates the exception; its message names the missing tensor and the most similar name
    /// present.</summary>
    public static MissingTensorException For(ITensorSource source, string name)
    {
        ArgumentNullException.ThrowIfNull(source);
        string? nearest = source.Tensors.Keys.MinBy(candidate => Distance(candidate, name));
        return new MissingTensorException(
            $"{source}: tensor '{name}' is missing. "
                + (nearest is null ? "The file holds no tensors." : $"Nearest name present: '{nearest}'.")
                + " The checkpoint does not belong to the configuration beside it, or was only partly copied."
        );
    }

    // Levenshtein distance; suits names that differ in a prefix, a suffix or one number.
    private static int Distance(string a, string b)
    {
        int[] previous = [.. Enumerable.Range(0, b.Length + 1)];
        int[] current = new int[b.Length + 1];
        for (int i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                current[j] = Math.Min(substitution, Math.Min(previous[j], current[j - 1]) + 1);
            }
            (previous, current) = (current, previous);
        }
        return previous[b.Length];
    }
}
