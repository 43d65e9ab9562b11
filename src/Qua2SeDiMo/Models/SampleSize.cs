using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Known;

namespace Qua2SeDiMo.Models;

/// <summary>The size that a model was made for: <c>sample_size</c>, one number for both sides or <c>[height,
/// width]</c>.</summary>
/// <param name="Height">Rows of the latents (of the image, for an autoencoder).</param>
/// <param name="Width">Columns.</param>
internal readonly record struct SampleSize(int Height, int Width)
{
    private const string Key = "sample_size";

    /// <summary>Reads it, or takes the default of the configuration's class.</summary>
    /// <exception cref="ModelFolderException">It is no positive number and no pair of such, or the class has no
    /// default.</exception>
    public static SampleSize Of(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        int[] sides =
            config.Ints(Key, 2)
            ?? [.. Enumerable.Repeat((int?)KnownConfigs.Find(config)?.Default(Key) ?? config.Int(Key), 2)];
        return sides is [> 0, > 0]
            ? new SampleSize(sides[0], sides[1])
            : throw config.Unsupported(Key, "it is a positive number, or [height, width] of two");
    }
}
