using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>Converts images to tokens and back: the patch convolution, its position table and the inverse.</summary>
/// <param name="Height">Number of patches vertically.</param>
/// <param name="Width">Number of patches horizontally.</param>
/// <param name="Patch">Side length of a patch, in latents.</param>
internal sealed record PatchGrid(int Height, int Width, int Patch)
{
    // Far above any released model (a 4096-pixel image has 65 536 patches); only a damaged configuration needs more.
    internal const long MaximumPatches = 1 << 20;

    /// <summary>The grid of an image input.</summary>
    /// <exception cref="ArchitectureException">There is no patch, or more than the limit.</exception>
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

    /// <summary>Applies the patch convolution below the current scope (<c>proj</c>); returns [batch, tokens,
    /// width].</summary>
    internal GraphValue Embed(GraphBuilder g, GraphValue image, long width)
    {
        GraphValue patches = g.Conv2d("proj", image, width, Patch, stride: Patch);
        return g.Transpose(g.Reshape(patches, patches.Shape[0], width, Count), 0, 2, 1);
    }

    /// <summary>Converts tokens [batch, tokens, patch·patch·channels], channels varying fastest, to an image [batch,
    /// channels, height, width].</summary>
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
    /// Computes the fixed two-dimensional position table [1, tokens, width] of DiT: the first half of the channels
    /// encodes the column, the second the row, each as [sin | cos] of position / 10000^(2k / (width / 2)).
    /// </summary>
    /// <param name="g">The graph builder.</param>
    /// <param name="config">Configuration, for error messages.</param>
    /// <param name="width">Number of channels, a multiple of 4.</param>
    /// <param name="trained">Size in training; coordinates are scaled to its number of patches.</param>
    /// <param name="interpolationScale">Divisor of the coordinates.</param>
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

    // As in the reference, coordinates are single precision and angles double.
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
