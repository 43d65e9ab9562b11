namespace Qua2SeDiMo.Kernels.Layout;

/// <summary>Sizes of panels and of blocks of decoded weights that micro-kernels multiply, in 32-bit words.</summary>
internal static unsafe class PanelGeometry
{
    /// <summary>Words k of one K block: a multiple of the inputs of a block of 2-, 3- and 4-bit codes (256, 160 and
    /// 128). A panel and the weights of a K block fit the level-2 cache.</summary>
    internal const int Depth = 1280;

    /// <summary>Words from one channel's decoded weights to the next: an odd number of cache lines, so that channels do
    /// not evict each other.</summary>
    internal const int Stride = Depth + 16;

    /// <summary>Largest number of tokens of a panel.</summary>
    internal const int MaxPanelTokens = 32;

    /// <summary>Padding words between the sums of channels, and before the first one to align it to a cache
    /// line.</summary>
    internal const int AlignmentWords = 16;

    /// <summary>Channels of one work item's group.</summary>
    internal const int GroupChannels = 24;

    /// <summary>Words from one panel to the next: a panel's words and two cache lines, so that neighbouring panels do
    /// not evict each other.</summary>
    internal static long PanelPitch(int wide, int depth) => ((long)wide * depth) + MaxPanelTokens;

    /// <summary>Width of a panel for the remaining tokens: half a wide panel if they fit it.</summary>
    internal static int Width(int wide, int left) => left <= wide / 2 ? wide / 2 : wide;

    /// <summary>The first position of a rented array that is aligned to a cache line.</summary>
    internal static float* Aligned(float* rented) => (float*)(((nint)rented + 63) & ~(nint)63);
}
