using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.Convolutions;

/// <summary>Copies 6×6 inputs and 4×4 outputs of tiles between images and vectors, in which the tiles lie side by
/// side.</summary>
internal static unsafe class TilePanel
{
    /// <summary>Floats after each row of gathered inputs that may be overwritten.</summary>
    internal const int Slack = 4;

    private const int InputSide = WinogradTransform.InputSide,
        OutputSide = WinogradTransform.OutputSide,
        Four = 4;

    /// <summary>Gathers the inputs of tiles of one input channel; inputs outside an image are zeros.</summary>
    /// <param name="tiles">Extents of a convolution with a 6×6 kernel and stride 4.</param>
    /// <param name="runs">The tiles, from <see cref="ImagePanel.Cut"/>.</param>
    /// <param name="channel">Input channel.</param>
    /// <param name="target">[6·6, pitch].</param>
    /// <param name="pitch">Floats from row to row: number of tiles plus <see cref="Slack"/>.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Gather(
        ConvolutionShape tiles,
        ReadOnlySpan<PositionRun> runs,
        int channel,
        float* target,
        nint pitch
    )
    {
        // One row of a run's inputs, with room for what the last group of four tiles reads past its end.
        float* line = stackalloc float[(OutputSide * (PanelGeometry.MaxPanelTokens + Four)) + InputSide];
        long plane = (long)channel * tiles.Height * tiles.Width;
        foreach (ref readonly PositionRun run in runs)
        {
            int inputs = (OutputSide * (run.Length - 1)) + InputSide;
            for (int i = 0; i < InputSide; i++)
            {
                int row = run.Row + i - tiles.PadTop;
                float* elements = target + (i * InputSide * pitch);
                if ((uint)row >= (uint)tiles.Height)
                {
                    for (int j = 0; j < InputSide; j++)
                        new Span<float>(elements + (j * pitch), run.Length).Clear();
                    continue;
                }
                ImagePanel.Line(
                    run.Image + plane + ((long)row * tiles.Width),
                    tiles.Width,
                    run.Column - tiles.PadLeft,
                    1,
                    inputs,
                    line
                );
                for (int tile = 0; tile < run.Length; tile += Four)
                    Columns(line + (tile * OutputSide), elements + tile, pitch);
            }
            target += run.Length;
        }
    }

    /// <summary>Writes outputs of four tiles that lie side by side in vectors.</summary>
    /// <param name="outputs">[4·4, pitch], the first of four tiles.</param>
    /// <param name="pitch">Floats from output to output.</param>
    /// <param name="rows">Result: four rows of four for each tile, tile by tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Rows(float* outputs, nint pitch, float* rows)
    {
        for (int i = 0; i < OutputSide; i++, outputs += OutputSide * pitch, rows += OutputSide)
        {
            Transpose(
                Vector128.Load(outputs),
                Vector128.Load(outputs + pitch),
                Vector128.Load(outputs + (2 * pitch)),
                Vector128.Load(outputs + (3 * pitch)),
                rows,
                OutputSide * OutputSide
            );
        }
    }

    // Transposes one row of four overlapping tiles into six columns.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Columns(float* line, float* target, nint pitch)
    {
        Vector128<float> a = Vector128.Load(line),
            b = Vector128.Load(line + 4),
            c = Vector128.Load(line + 8),
            d = Vector128.Load(line + 12);
        Vector128<float> ab = Sse.UnpackLow(a, b),
            cd = Sse.UnpackLow(c, d);
        Sse.MoveLowToHigh(ab, cd).Store(target);
        Sse.MoveHighToLow(cd, ab).Store(target + pitch);
        Transpose(
            Vector128.Load(line + 2),
            Vector128.Load(line + 6),
            Vector128.Load(line + 10),
            Vector128.Load(line + 14),
            target + (2 * pitch),
            pitch
        );
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(
        Vector128<float> a,
        Vector128<float> b,
        Vector128<float> c,
        Vector128<float> d,
        float* target,
        nint pitch
    )
    {
        Vector128<float> low = Sse.UnpackLow(a, b),
            low2 = Sse.UnpackLow(c, d),
            high = Sse.UnpackHigh(a, b),
            high2 = Sse.UnpackHigh(c, d);
        Sse.MoveLowToHigh(low, low2).Store(target);
        Sse.MoveHighToLow(low2, low).Store(target + pitch);
        Sse.MoveLowToHigh(high, high2).Store(target + (2 * pitch));
        Sse.MoveHighToLow(high2, high).Store(target + (3 * pitch));
    }
}
