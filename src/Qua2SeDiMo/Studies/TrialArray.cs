namespace Qua2SeDiMo.Studies;

/// <summary>Per-image values of a trial, stored so that analyses can be repeated without generating images
/// again.</summary>
/// <param name="Name">For instance <c>psnr</c> or <c>clip-features</c>; unique within the trial.</param>
/// <param name="Columns">Number of values per image: 1 for a metric, the width of the embedding for features.</param>
/// <param name="Values">Values, [images, <paramref name="Columns"/>], row-major.</param>
internal sealed record TrialArray(string Name, int Columns, float[] Values)
{
    /// <summary>Number of images.</summary>
    public int Rows { get; } =
        Columns > 0 && Values.Length % Columns == 0
            ? Values.Length / Columns
            : throw new ArgumentException(
                $"Array '{Name}': {Values.Length} values are not whole rows of {Columns}.",
                nameof(Values)
            );

    /// <summary>The values of one image.</summary>
    public ReadOnlySpan<float> Row(int image) => Values.AsSpan(image * Columns, Columns);
}
