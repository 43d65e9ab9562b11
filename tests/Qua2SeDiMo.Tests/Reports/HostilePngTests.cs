using Qua2SeDiMo.Images;
using Xunit;

namespace Qua2SeDiMo.Tests.Reports;

/// <summary>PNG files that claim an absurd number of pixels.</summary>
public sealed class HostilePngTests
{
    [Theory]
    [InlineData("000.png")]
    [InlineData("second.png")]
    public void A_picture_of_gigapixels_is_refused_before_pixels_are_made(string name)
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(RepositoryFiles.Root, "tests", "hostile", "png-bomb", name));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(
            "pixels; at most",
            Assert.Throws<ImageFileException>(() => PngFile.Decode(bytes, name)).Message,
            StringComparison.Ordinal
        );
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }
}
