using CsCheck;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Network;
using Xunit;

namespace Qua2SeDiMo.Tests.Predictors;

/// <summary>Compares the kernels for 64 channels with the loops for any width.</summary>
public sealed unsafe class AttentionRowTests
{
    private const int Width = 64,
        MaxInputs = 9;

    [Fact]
    public void Kernels_for_64_channels_agree_with_the_loops_for_any_width() =>
        Gen.Select(Gen.Int[1, MaxInputs], Gen.ULong)
            .Sample(
                (degree, seed) =>
                {
                    var random = new Pcg32(seed);
                    float[] rows = Normal(random, MaxInputs * 2 * Width),
                        attention = Normal(random, Width),
                        gradient = Normal(random, Width),
                        shares = Normal(random, degree);
                    int[] inputs = [.. Enumerable.Range(0, degree).Select(_ => random.Next(MaxInputs))];
                    float[][] scores = [new float[degree], new float[degree]],
                        mixes = [new float[Width], new float[Width]];
                    float[][] slopes = [new float[degree], new float[degree]],
                        activations =

                        [
                            [.. gradient],
                            [.. gradient],
                        ],
                        sources =

                        [
                            [.. gradient],
                            [.. gradient],
                        ];
                    ushort[][] sides = [new ushort[degree * 4], new ushort[degree * 4]];
                    fixed (
                        float* s = rows,
                            a = attention,
                            g = gradient,
                            share = shares,
                            score0 = scores[0],
                            score1 = scores[1],
                            mix0 = mixes[0],
                            mix1 = mixes[1]
                    )
                    fixed (
                        float* slope0 = slopes[0],
                            slope1 = slopes[1],
                            active0 = activations[0],
                            active1 = activations[1],
                            back0 = sources[0],
                            back1 = sources[1]
                    )
                    fixed (
                        ushort* side0 = sides[0],
                            side1 = sides[1]
                    )
                    fixed (int* from = inputs)
                    {
                        AttentionRow.Scores(s, from, degree, a, Width, score0, side0);
                        AttentionRow.Scores64(s, from, degree, a, score1, side1);
                        AttentionRow.Mix(s, from, degree, share, g, Width, mix0);
                        AttentionRow.Mix64(s, from, degree, share, g, mix1);
                        AttentionRow.Slopes(s, from, degree, share, g, Width, slope0);
                        AttentionRow.Slopes64(s, from, degree, share, g, slope1);
                        AttentionRow.AddActivations(s, from, degree, share, Width, active0);
                        AttentionRow.AddActivations64(s, from, degree, share, active1);
                        AttentionRow.AddSource(side0, share[0], share[degree - 1], a, g, Width, back0);
                        AttentionRow.AddSource64(side1, share[0], share[degree - 1], a, g, back1);
                    }
                    Assert.Equal(sides[0], sides[1]);
                    foreach (float[][] pair in new[] { scores, mixes, slopes, activations, sources })
                    {
                        for (int i = 0; i < pair[0].Length; i++)
                            Assert.Equal(pair[0][i], pair[1][i], 1e-5f * Math.Max(10, Math.Abs(pair[0][i])));
                    }
                },
                iter: 200
            );

    [Fact]
    public void The_side_bits_tell_which_channels_are_positive()
    {
        float[] rows = Normal(new Pcg32(4), 2 * 2 * Width),
            scores = new float[2],
            attention = new float[Width];
        ushort[] sides = new ushort[8];
        int[] inputs = [1, 0];
        fixed (
            float* s = rows,
                a = attention,
                score = scores
        )
        fixed (ushort* side = sides)
        fixed (int* from = inputs)
        {
            AttentionRow.Scores(s, from, 2, a, Width, score, side);
        }
        for (int k = 0; k < 2; k++)
        {
            for (int j = 0; j < Width; j++)
            {
                bool positive = rows[(inputs[k] * 2 * Width) + j] + rows[(2 * Width) + Width + j] > 0;
                Assert.Equal(positive, (sides[(k * 4) + (j / 16)] >> (j % 16) & 1) == 1);
            }
        }
    }

    private static float[] Normal(Pcg32 random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)random.NextNormal())];
}
