namespace Qua2SeDiMo.Kernels.Layout;

/// <summary>Sizes of panels and of blocks of decoded weights that micro-kernels multiply, in 32-bit words.</summary>
internal static unsafe class PanelGeometry
{
    /// <summary>Words k of one K block: a multiple of 32·lcm of the layout's block lengths, whose panel and weights fit
    /// the second cache.</summary>
    internal const int Depth = 1280;

    /// <summary>Words from one channel's decoded weights to the next: an odd number of cache lines, so that channels do
    /// not evict each other.</summary>
    internal const int Stride = Depth + 16;

    /// <summary>The most tokens of a panel.</summary>
    internal const int MaxPanelTokens = 32;

    /// <summary>Words between sums of channels, and before the first, so that those lie on cache lines.</summary>
    internal const int AlignmentWords = 16;

    /// <summary>Channels of one work item's group.</summary>
    internal const int GroupChannels = 24;

    /// <summary>Words from one panel to the next: a panel's words and two cache lines, so that neighbouring panels do
    /// not evict each other.</summary>
    internal static long PanelPitch(int wide, int depth) => ((long)wide * depth) + MaxPanelTokens;

    /// <summary>Width of a panel for the tokens that are left: half of it when that holds them.</summary>
    internal static int Width(int wide, int left) => left <= wide / 2 ? wide / 2 : wide;

    /// <summary>The first cache line of a rented array.</summary>
    internal static float* Aligned(float* rented) => (float*)(((nint)rented + 63) & ~(nint)63);
}
