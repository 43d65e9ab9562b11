using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Known;

namespace Qua2SeDiMo.Models;

/// <summary>The default size of a model: <c>sample_size</c>, one number for both sides or <c>[height,
/// width]</c>.</summary>
/// <param name="Height">Height of the latents (for an autoencoder, of the image).</param>
/// <param name="Width">Width of the same.</param>
internal readonly record struct SampleSize(int Height, int Width)
{
    private const string Key = "sample_size";

    /// <summary>Reads the size, or takes the default of the configuration's class.</summary>
    /// <exception cref="ModelFolderException">The value is neither a positive number nor a pair of them, or it is
    /// missing and the class has no default.</exception>
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
