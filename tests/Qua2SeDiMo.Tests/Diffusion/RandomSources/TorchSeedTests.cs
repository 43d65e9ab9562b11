using Qua2SeDiMo.Diffusion.RandomSources;
using Xunit;

namespace Qua2SeDiMo.Tests.Diffusion.RandomSources;

public sealed class TorchSeedTests
{
    [Theory]
    [InlineData("0", 0UL)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    [InlineData("12345678901234567890", 12345678901234567890UL)]
    [InlineData("-1", ulong.MaxValue)]
    [InlineData("-9223372036854775808", 1UL << 63)]
    public void Seeds_are_taken_as_manual_seed_takes_them(string text, ulong seed) =>
        Assert.Equal(seed, TorchSeed.Parse(text));

    [Theory]
    [InlineData("18446744073709551616")]
    [InlineData("-9223372036854775809")]
    [InlineData("1.0")]
    [InlineData("1e3")]
    [InlineData(" 1")]
    [InlineData("")]
    public void Other_texts_are_no_seeds(string text) => Assert.Throws<FormatException>(() => TorchSeed.Parse(text));
}
