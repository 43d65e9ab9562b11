using Qua2SeDiMo.Json;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Numerics;
using Xunit;

namespace Qua2SeDiMo.Tests.Metrics;

public sealed class MetricTests
{
    [Fact]
    public void Two_orders_of_the_same_samples_are_at_distance_zero()
    {
        float[] rows = Normal(40 * 8, 1);
        float[] reversed = [.. rows.Chunk(8).Reverse().SelectMany(row => row)];
        FrechetTerms terms = new FrechetDistance(rows, 8).TermsTo(reversed);
        Assert.InRange(terms.Distance, -1e-12 * terms.Trace, 1e-6 * terms.Trace);
    }

    [Fact]
    public void A_shift_moves_the_frechet_distance_by_its_square()
    {
        float[] rows = Normal(40 * 8, 2);
        float[] shifted = Array.ConvertAll(rows, value => value + 0.5f);
        Assert.Equal(8 * 0.25, new FrechetDistance(rows, 8).To(shifted), 5);
    }

    [Theory]
    [InlineData(7, 8)]
    [InlineData(0, 8)]
    [InlineData(8, 8)]
    public void Feature_sets_without_two_whole_rows_are_refused(int length, int width) =>
        Assert.Throws<ArgumentException>(() => new FrechetDistance(new float[length], width));

    [Fact]
    public void Kid_of_whole_sets_equals_kid_of_subsets_that_hold_every_row()
    {
        float[] a = Normal(12 * 4, 3),
            b = Normal(15 * 4, 4);
        double whole = KernelDistance.KidOfAll(a, b, 4, KernelDistance.KidSelfTerm(b, 4));
        double listed = KernelDistance.Kid(a, b, 4, [.. Enumerable.Range(0, 12)], [.. Enumerable.Range(0, 15)]);
        Assert.Equal(listed, whole, 12);
    }

    [Fact]
    public void Kid_of_some_rows_follows_from_cross_terms()
    {
        float[] a = Normal(12 * 4, 3),
            b = Normal(15 * 4, 4);
        double[] cross = KernelDistance.KidCrossTerms(a, b, 4);
        double selfB = KernelDistance.KidSelfTerm(b, 4);
        Assert.Equal(
            KernelDistance.KidOfAll(a.AsSpan(8, 20), b, 4, selfB),
            KernelDistance.KidSelfTerm(a.AsSpan(8, 20), 4) + selfB - (2 * cross[2..7].Average()),
            12
        );
    }

    [Fact]
    public void Dot_products_of_every_length_equal_the_plain_sum()
    {
        float[] x = Normal(256, 12),
            y = Normal(256, 13);
        for (int length = 0; length <= 256; length++)
        {
            Assert.Equal(
                FeatureRows.PlainDot(x.AsSpan(0, length), y.AsSpan(0, length)),
                FeatureRows.Dot(x.AsSpan(0, length), y.AsSpan(0, length)),
                12
            );
        }
    }

    [Fact]
    public void Seeded_kid_repeats_itself_and_changes_with_the_seed()
    {
        float[] a = Normal(30 * 4, 5),
            b = Normal(30 * 4, 6);
        Assert.Equal(
            KernelDistance.Kid(a, b, 4, 5, 10, 42).PerSubset,
            KernelDistance.Kid(a, b, 4, 5, 10, 42).PerSubset
        );
        Assert.NotEqual(KernelDistance.Kid(a, b, 4, 5, 10, 42).Mean, KernelDistance.Kid(a, b, 4, 5, 10, 43).Mean);
    }

    [Fact]
    public void Cmmd_of_a_set_with_itself_is_zero() =>
        Assert.Equal(0, KernelDistance.Cmmd(Normal(40, 7), Normal(40, 7), 4), 9);

    [Fact]
    public void Psnr_of_an_error_of_a_tenth_is_twenty_decibels()
    {
        float[] image = new float[300],
            other = new float[300];
        Array.Fill(other, 0.1f);
        Assert.Equal(20, PeakSignalToNoise.Decibels(image, other), 5);
        Assert.Equal(PeakSignalToNoise.LargestDecibels, PeakSignalToNoise.Decibels(image, image));
    }

    [Fact]
    public void Ssim_of_equal_images_is_one_and_falls_with_noise()
    {
        float[] image = Array.ConvertAll(Normal(16 * 20 * 3, 8), value => Math.Clamp((value * 0.2f) + 0.5f, 0, 1));
        float[] noise = Normal(image.Length, 9);
        float[] little = [.. image.Select((value, i) => value + (0.02f * noise[i]))],
            much = [.. image.Select((value, i) => value + (0.2f * noise[i]))];
        Assert.Equal(1, StructuralSimilarity.Of(image, image, 16, 20, 3), 12);
        double near = StructuralSimilarity.Of(little, image, 16, 20, 3),
            far = StructuralSimilarity.Of(much, image, 16, 20, 3);
        Assert.True(1 > near && near > far, $"{near} {far}");
    }

    [Fact]
    public void Ssim_of_flat_images_follows_the_luminance_term()
    {
        float[] dark = new float[121],
            light = new float[121];
        Array.Fill(dark, 0.25f);
        Array.Fill(light, 0.5f);
        Assert.Equal(
            ((2 * 0.25 * 0.5) + 1e-4) / (0.0625 + 0.25 + 1e-4),
            StructuralSimilarity.Of(dark, light, 11, 11, 1),
            9
        );
    }

    [Fact]
    public void An_interleaved_image_scores_the_mean_of_its_channels()
    {
        float[] a = Normal(12 * 12 * 3, 10),
            b = Normal(12 * 12 * 3, 11);
        double planar = Enumerable
            .Range(0, 3)
            .Average(channel => StructuralSimilarity.Of(Channel(a, channel), Channel(b, channel), 12, 12, 1));
        Assert.Equal(planar, StructuralSimilarity.Of(a, b, 12, 12, 3), 12);
    }

    [Fact]
    public void The_bundled_clip_preprocessor_normalises_to_minus_one_to_one()
    {
        ClipImageProcessor processor = ClipImageProcessor.FromJson(
            ForeignJson.Read(RepositoryFiles.Models("emoji-clip/preprocessor_config.json"))
        );
        float[] image = new float[64 * 64 * 3];
        image[5] = 1;
        float[] prepared = processor.Prepare(image, 64, 64);
        Assert.Equal((64, 64), processor.OutputSize(64, 64));
        Assert.Equal(-1, prepared[0]);
        Assert.Equal(1, prepared[(2 * 64 * 64) + 1]);
    }

    [Fact]
    public void The_centre_of_a_wide_image_is_cut_out()
    {
        var processor = new ClipImageProcessor { ShortestEdge = 4, CropSize = (4, 4) };
        byte[] image = new byte[4 * 8 * 3];
        image[(3 * 3) + 1] = 255;
        float[] prepared = processor.Prepare(image, 4, 8);
        Assert.Equal(1, prepared[16 + 1]);
        Assert.Equal(1, prepared.Sum());
    }

    [Fact]
    public void Resizing_to_the_same_size_copies() =>
        Assert.Equal([1, 2, 3], ImageResizing.Resize([1, 2, 3], 1, 1, 3, 1, 1, ResamplingFilter.Bicubic));

    private static float[] Channel(float[] image, int channel) => [.. image.Where((_, i) => i % 3 == channel)];

    private static float[] Normal(int count, ulong seed)
    {
        var random = new Pcg32(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)random.NextNormal())];
    }
}
