using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Architectures;

/// <summary>Cuts images into patches whose values become the channels of a token, for families that embed patches by a
/// linear layer.</summary>
internal static class PatchValues
{
    /// <summary>Converts [batch, channels, height, width] to [batch, tokens, patch·patch·channels].</summary>
    /// <param name="g">The graph builder.</param>
    /// <param name="grid">Grid of the patches.</param>
    /// <param name="image">Images; their sides must be multiples of the patch.</param>
    /// <param name="channelsFirst">Whether the values of a token are ordered channel, row, column; else row, column,
    /// channel.</param>
    /// <exception cref="ArchitectureException">The image's extents are not multiples of the patch.</exception>
    internal static GraphValue Of(GraphBuilder g, PatchGrid grid, GraphValue image, bool channelsFirst)
    {
        if (image[2].Size != (long)grid.Height * grid.Patch || image[3].Size != (long)grid.Width * grid.Patch)
        {
            throw new ArchitectureException(
                $"A latent of {image[2]} × {image[3]} does not fall into patches of {grid.Patch} × {grid.Patch}; "
                    + $"ask for a size that is a multiple of {grid.Patch}."
            );
        }
        long channels = image[1].Size;
        GraphValue cut = g.Reshape(image, image[0], channels, grid.Height, grid.Patch, grid.Width, grid.Patch);
        GraphValue tokens = channelsFirst ? g.Transpose(cut, 0, 2, 4, 1, 3, 5) : g.Transpose(cut, 0, 2, 4, 3, 5, 1);
        return g.Reshape(tokens, image[0], grid.Count, channels * grid.Patch * grid.Patch);
    }
}
