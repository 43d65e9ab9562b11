using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>Images as tokens: the patch convolution, its position table and the way back.</summary>
/// <param name="Height">Patches from top to bottom.</param>
/// <param name="Width">Patches from left to right.</param>
/// <param name="Patch">Pixels of one patch along each axis.</param>
internal sealed record PatchGrid(int Height, int Width, int Patch)
{
    // Far above any released model (a 4096-pixel image has 65 536 patches); a damaged configuration asks for more.
    internal const long MaximumPatches = 1 << 20;

    /// <summary>The grid of an image-like input.</summary>
    /// <exception cref="ArchitectureException">No patch fits, or absurdly many do.</exception>
    internal static PatchGrid Of(BuildRequest request, int height, int width, int patch)
    {
        if (patch < 1)
            throw request.Config.Unsupported("patch_size", "it must be at least 1");
        long patches = (long)(height / patch) * (width / patch);
        if (height < 1 || width < 1 || patches is < 1 or > MaximumPatches)
        {
            throw new ArchitectureException(
                $"{request.Config.Source}: a latent of {height} × {width} has {patches} patches of {patch} × "
                    + $"{patch}; from 1 to {MaximumPatches} are possible."
            );
        }
        return new PatchGrid(height / patch, width / patch, patch);
    }

    /// <summary>Number of tokens.</summary>
    internal int Count => Height * Width;

    /// <summary>The patch convolution below the current scope (<c>proj</c>), flattened to [batch, tokens,
    /// width].</summary>
    internal GraphValue Embed(GraphBuilder g, GraphValue image, long width)
    {
        GraphValue patches = g.Conv2d("proj", image, width, Patch, stride: Patch);
        return g.Transpose(g.Reshape(patches, patches.Shape[0], width, Count), 0, 2, 1);
    }

    /// <summary>Tokens [batch, tokens, patch·patch·channels], channels fastest, back to an image [batch, channels,
    /// height, width].</summary>
    internal GraphValue Unpatchify(GraphBuilder g, GraphValue tokens, long channels)
    {
        Dimension batch = tokens.Shape[0];
        GraphValue split = g.Reshape(tokens, batch, Height, Width, Patch, Patch, channels);
        return g.Reshape(
            g.Transpose(split, 0, 5, 1, 3, 2, 4),
            batch,
            channels,
            (long)Height * Patch,
            (long)Width * Patch
        );
    }

    /// <summary>
    /// The fixed two-dimensional position table [1, tokens, width] of DiT: the first half of the channels encodes the
    /// column, the second the row, each as [sin | cos] of position / 10000^(2k / (width / 2)).
    /// </summary>
    /// <param name="g">The tape.</param>
    /// <param name="config">Configuration, for messages.</param>
    /// <param name="width">Channels, a multiple of 4.</param>
    /// <param name="trained">Size trained on; coordinates are scaled to run up to its number of patches.</param>
    /// <param name="interpolationScale">Divides the coordinates.</param>
    internal float[] SinCosTable(
        GraphBuilder g,
        ComponentConfig config,
        int width,
        SampleSize trained,
        double interpolationScale
    )
    {
        if (width % 4 != 0)
            throw config.Unsupported(
                "attention_head_dim",
                $"with it the model is {width} channels wide, and a position table needs a multiple of 4"
            );
        if (interpolationScale <= 0)
            throw config.Unsupported("interpolation_scale", "it must be positive");
        int quarter = width / 4;
        float[] table = g.Table((long)Count * width, "sample_size, patch_size and the width");
        for (int row = 0; row < Height; row++)
        {
            for (int column = 0; column < Width; column++)
            {
                Span<float> token = table.AsSpan(((row * Width) + column) * width, width);
                Encode(Coordinate(column, Width, trained.Width / Patch, interpolationScale), token[..(2 * quarter)]);
                Encode(Coordinate(row, Height, trained.Height / Patch, interpolationScale), token[(2 * quarter)..]);
            }
        }
        return table;
    }

    // Coordinates are single precision in the reference; the angles are double.
    private static double Coordinate(int index, int extent, int baseSize, double scale) =>
        (float)index / (float)((double)extent / baseSize) / (float)scale;

    private static void Encode(double position, Span<float> destination)
    {
        int half = destination.Length / 2;
        for (int k = 0; k < half; k++)
        {
            double angle = position / Math.Pow(10000, (double)k / half);
            destination[k] = (float)Math.Sin(angle);
            destination[half + k] = (float)Math.Cos(angle);
        }
    }
}
