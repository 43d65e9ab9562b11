using System.Runtime.Intrinsics;

namespace Qua2SeDiMo.Numerics;

/// <summary>
/// Single-precision matrix products for tall, narrow matrices: C[i, j] = Σ_k A[i, k]·B[k, j] with the columns of B in
/// panels of <see cref="PanelWidth"/>. Strides of A are arbitrary, so that A may be transposed. Single-threaded;
/// callers split the rows. Every C[i, j] is summed in the order of k, so the result does not depend on the split.
/// </summary>
internal static unsafe class MatrixProduct
{
    /// <summary>Columns of B in one panel; column counts are padded to a multiple of it.</summary>
    public const int PanelWidth = 32;

    private const int RowBlock = 64;
    private const int InnerBlock = 128;

    /// <summary>Kernel that runs: avx512 (8 × 32 sums in registers), vector256 (2 × 32) or plain.</summary>
    public static string Variant =>
        Vector512.IsHardwareAccelerated ? "avx512"
        : Vector256.IsHardwareAccelerated ? "vector256"
        : "plain";

    /// <summary>The next multiple of <see cref="PanelWidth"/>.</summary>
    public static int Padded(int columns) => (columns + PanelWidth - 1) / PanelWidth * PanelWidth;

    /// <summary>Copies B into panels [panel][k][32]. Elements outside B are left unchanged, so the destination has to
    /// be cleared first.</summary>
    /// <param name="source">B[k, j] at <c>k * rowStep + j * columnStep</c>.</param>
    /// <param name="rowStep">Floats from one row of B to the next.</param>
    /// <param name="columnStep">Floats from one column of B to the next.</param>
    /// <param name="inner">Rows of B.</param>
    /// <param name="columns">Columns of B.</param>
    /// <param name="packed">Destination, <paramref name="packedInner"/> · <see cref="Padded"/> floats.</param>
    /// <param name="firstColumn">Column of the packed matrix at which B starts.</param>
    /// <param name="packedInner">Rows of the packed matrix, of which B may be a part.</param>
    /// <param name="firstRow">Row of the packed matrix at which B starts.</param>
    public static void Pack(
        ReadOnlySpan<float> source,
        int rowStep,
        int columnStep,
        int inner,
        int columns,
        float* packed,
        int firstColumn,
        int packedInner,
        int firstRow
    )
    {
        for (int j = 0; j < columns; j++)
        {
            int column = firstColumn + j;
            float* target =
                packed
                + ((((long)(column / PanelWidth) * packedInner) + firstRow) * PanelWidth)
                + (column % PanelWidth);
            for (int k = 0; k < inner; k++)
                target[k * PanelWidth] = source[(k * rowStep) + (j * columnStep)];
        }
    }

    /// <summary>C = A·B, or C += A·B.</summary>
    /// <param name="a">A[i, k] at <c>i * aRow + k * aStep</c>.</param>
    /// <param name="aRow">Floats from one row of A to the next.</param>
    /// <param name="aStep">Floats from one column of A to the next.</param>
    /// <param name="b">B[k, j] at <c>(j / 32) * bPanel + k * bStep + j % 32</c>.</param>
    /// <param name="bPanel">Floats from one panel to the next: 32·inner when packed, 32 when B is a plain
    /// matrix.</param>
    /// <param name="bStep">Floats from one row to the next inside a panel: 32 when packed, the row length when B is a
    /// plain matrix.</param>
    /// <param name="c">C[i, j] at <c>i * cRow + j</c>.</param>
    /// <param name="cRow">Row length of C, a multiple of 32.</param>
    /// <param name="rows">Rows of A and C.</param>
    /// <param name="inner">Columns of A, rows of B.</param>
    /// <param name="columns">Columns of B and C, a multiple of 32.</param>
    /// <param name="add">Whether the product is added to C.</param>
    public static void Multiply(
        float* a,
        nint aRow,
        nint aStep,
        float* b,
        nint bPanel,
        nint bStep,
        float* c,
        nint cRow,
        int rows,
        int inner,
        int columns,
        bool add
    )
    {
        if (!Vector256.IsHardwareAccelerated)
        {
            MultiplyPlain(a, aRow, aStep, b, bPanel, bStep, c, cRow, rows, inner, columns, add);
            return;
        }
        for (int k = 0; k < inner; k += InnerBlock)
        {
            int depth = Math.Min(InnerBlock, inner - k);
            bool keep = add || k > 0;
            for (int i = 0; i < rows; i += RowBlock)
            {
                int end = Math.Min(rows, i + RowBlock);
                for (int j = 0; j < columns; j += PanelWidth)
                {
                    float* panel = b + (j / PanelWidth * bPanel) + (k * bStep);
                    int row = i;
                    if (Vector512.IsHardwareAccelerated)
                    {
                        for (; row + 8 <= end; row += 8)
                        {
                            Tile8(
                                a + (row * aRow) + (k * aStep),
                                aRow,
                                aStep,
                                panel,
                                bStep,
                                c + (row * cRow) + j,
                                cRow,
                                depth,
                                keep
                            );
                        }
                    }
                    for (; row + 2 <= end; row += 2)
                    {
                        Tile2(
                            a + (row * aRow) + (k * aStep),
                            aRow,
                            aStep,
                            panel,
                            bStep,
                            c + (row * cRow) + j,
                            cRow,
                            depth,
                            keep
                        );
                    }
                    if (row < end)
                        Tile1(a + (row * aRow) + (k * aStep), aStep, panel, bStep, c + (row * cRow) + j, depth, keep);
                }
            }
        }
    }

    /// <summary>Plain reference for <see cref="Multiply"/>: the same order of summation, but without fused
    /// multiply-add.</summary>
    public static void MultiplyPlain(
        float* a,
        nint aRow,
        nint aStep,
        float* b,
        nint bPanel,
        nint bStep,
        float* c,
        nint cRow,
        int rows,
        int inner,
        int columns,
        bool add
    )
    {
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                float sum = add ? c[(i * cRow) + j] : 0f;
                float* column = b + (j / PanelWidth * bPanel) + (j % PanelWidth);
                for (int k = 0; k < inner; k++)
                    sum += a[(i * aRow) + (k * aStep)] * column[k * bStep];
                c[(i * cRow) + j] = sum;
            }
        }
    }

    // Eight rows by two vectors: sixteen independent accumulators hide the latency of the fused multiply-add.
    private static void Tile8(
        float* a,
        nint aRow,
        nint aStep,
        float* b,
        nint bStep,
        float* c,
        nint cRow,
        int depth,
        bool add
    )
    {
        Vector512<float> c00,
            c01;
        Vector512<float> c10,
            c11;
        Vector512<float> c20,
            c21;
        Vector512<float> c30,
            c31;
        Vector512<float> c40,
            c41;
        Vector512<float> c50,
            c51;
        Vector512<float> c60,
            c61;
        Vector512<float> c70,
            c71;
        if (add)
        {
            c00 = Vector512.Load(c + (0 * cRow));
            c01 = Vector512.Load(c + (0 * cRow) + 16);
            c10 = Vector512.Load(c + (1 * cRow));
            c11 = Vector512.Load(c + (1 * cRow) + 16);
            c20 = Vector512.Load(c + (2 * cRow));
            c21 = Vector512.Load(c + (2 * cRow) + 16);
            c30 = Vector512.Load(c + (3 * cRow));
            c31 = Vector512.Load(c + (3 * cRow) + 16);
            c40 = Vector512.Load(c + (4 * cRow));
            c41 = Vector512.Load(c + (4 * cRow) + 16);
            c50 = Vector512.Load(c + (5 * cRow));
            c51 = Vector512.Load(c + (5 * cRow) + 16);
            c60 = Vector512.Load(c + (6 * cRow));
            c61 = Vector512.Load(c + (6 * cRow) + 16);
            c70 = Vector512.Load(c + (7 * cRow));
            c71 = Vector512.Load(c + (7 * cRow) + 16);
        }
        else
        {
            c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = Vector512<float>.Zero;
            c40 = c41 = c50 = c51 = c60 = c61 = c70 = c71 = Vector512<float>.Zero;
        }
        nint row2 = 2 * aRow,
            row3 = 3 * aRow;
        float* low = a;
        float* high = a + (4 * aRow);
        for (int k = 0; k < depth; k++)
        {
            Vector512<float> b0 = Vector512.Load(b),
                b1 = Vector512.Load(b + 16);
            Vector512<float> a0 = Vector512.Create(*low);
            c00 = Vector512.FusedMultiplyAdd(a0, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(a0, b1, c01);
            Vector512<float> a1 = Vector512.Create(low[aRow]);
            c10 = Vector512.FusedMultiplyAdd(a1, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(a1, b1, c11);
            Vector512<float> a2 = Vector512.Create(low[row2]);
            c20 = Vector512.FusedMultiplyAdd(a2, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(a2, b1, c21);
            Vector512<float> a3 = Vector512.Create(low[row3]);
            c30 = Vector512.FusedMultiplyAdd(a3, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(a3, b1, c31);
            Vector512<float> a4 = Vector512.Create(*high);
            c40 = Vector512.FusedMultiplyAdd(a4, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(a4, b1, c41);
            Vector512<float> a5 = Vector512.Create(high[aRow]);
            c50 = Vector512.FusedMultiplyAdd(a5, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(a5, b1, c51);
            Vector512<float> a6 = Vector512.Create(high[row2]);
            c60 = Vector512.FusedMultiplyAdd(a6, b0, c60);
            c61 = Vector512.FusedMultiplyAdd(a6, b1, c61);
            Vector512<float> a7 = Vector512.Create(high[row3]);
            c70 = Vector512.FusedMultiplyAdd(a7, b0, c70);
            c71 = Vector512.FusedMultiplyAdd(a7, b1, c71);
            low += aStep;
            high += aStep;
            b += bStep;
        }
        c00.Store(c + (0 * cRow));
        c01.Store(c + (0 * cRow) + 16);
        c10.Store(c + (1 * cRow));
        c11.Store(c + (1 * cRow) + 16);
        c20.Store(c + (2 * cRow));
        c21.Store(c + (2 * cRow) + 16);
        c30.Store(c + (3 * cRow));
        c31.Store(c + (3 * cRow) + 16);
        c40.Store(c + (4 * cRow));
        c41.Store(c + (4 * cRow) + 16);
        c50.Store(c + (5 * cRow));
        c51.Store(c + (5 * cRow) + 16);
        c60.Store(c + (6 * cRow));
        c61.Store(c + (6 * cRow) + 16);
        c70.Store(c + (7 * cRow));
        c71.Store(c + (7 * cRow) + 16);
    }

    private static void Tile2(
        float* a,
        nint aRow,
        nint aStep,
        float* b,
        nint bStep,
        float* c,
        nint cRow,
        int depth,
        bool add
    )
    {
        Vector256<float> c00 = default,
            c01 = default,
            c02 = default,
            c03 = default;
        Vector256<float> c10 = default,
            c11 = default,
            c12 = default,
            c13 = default;
        float* second = c + cRow;
        if (add)
        {
            c00 = Vector256.Load(c);
            c01 = Vector256.Load(c + 8);
            c02 = Vector256.Load(c + 16);
            c03 = Vector256.Load(c + 24);
            c10 = Vector256.Load(second);
            c11 = Vector256.Load(second + 8);
            c12 = Vector256.Load(second + 16);
            c13 = Vector256.Load(second + 24);
        }
        for (int k = 0; k < depth; k++)
        {
            Vector256<float> a0 = Vector256.Create(*a),
                a1 = Vector256.Create(a[aRow]);
            Vector256<float> b0 = Vector256.Load(b),
                b1 = Vector256.Load(b + 8),
                b2 = Vector256.Load(b + 16),
                b3 = Vector256.Load(b + 24);
            c00 = Vector256.FusedMultiplyAdd(a0, b0, c00);
            c01 = Vector256.FusedMultiplyAdd(a0, b1, c01);
            c02 = Vector256.FusedMultiplyAdd(a0, b2, c02);
            c03 = Vector256.FusedMultiplyAdd(a0, b3, c03);
            c10 = Vector256.FusedMultiplyAdd(a1, b0, c10);
            c11 = Vector256.FusedMultiplyAdd(a1, b1, c11);
            c12 = Vector256.FusedMultiplyAdd(a1, b2, c12);
            c13 = Vector256.FusedMultiplyAdd(a1, b3, c13);
            a += aStep;
            b += bStep;
        }
        c00.Store(c);
        c01.Store(c + 8);
        c02.Store(c + 16);
        c03.Store(c + 24);
        c10.Store(second);
        c11.Store(second + 8);
        c12.Store(second + 16);
        c13.Store(second + 24);
    }

    private static void Tile1(float* a, nint aStep, float* b, nint bStep, float* c, int depth, bool add)
    {
        Vector256<float> c0 = default,
            c1 = default,
            c2 = default,
            c3 = default;
        if (add)
        {
            c0 = Vector256.Load(c);
            c1 = Vector256.Load(c + 8);
            c2 = Vector256.Load(c + 16);
            c3 = Vector256.Load(c + 24);
        }
        for (int k = 0; k < depth; k++)
        {
            Vector256<float> value = Vector256.Create(*a);
            c0 = Vector256.FusedMultiplyAdd(value, Vector256.Load(b), c0);
            c1 = Vector256.FusedMultiplyAdd(value, Vector256.Load(b + 8), c1);
            c2 = Vector256.FusedMultiplyAdd(value, Vector256.Load(b + 16), c2);
            c3 = Vector256.FusedMultiplyAdd(value, Vector256.Load(b + 24), c3);
            a += aStep;
            b += bStep;
        }
        c0.Store(c);
        c1.Store(c + 8);
        c2.Store(c + 16);
        c3.Store(c + 24);
    }
}
