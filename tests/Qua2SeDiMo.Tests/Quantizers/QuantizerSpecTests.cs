using Qua2SeDiMo.Kernels.Codes;
using Xunit;

namespace Qua2SeDiMo.Tests.Quantizers;

public sealed class QuantizerSpecTests
{
    [Fact]
    public void Every_option_reads_back_from_its_name()
    {
        foreach (QuantizerSpec spec in QuantizerSpec.PaperOptions)
        {
            Assert.True(QuantizerSpec.TryParse(spec.ToString(), out QuantizerSpec? read));
            Assert.Equal(spec, read);
        }
    }

    [Theory]
    [InlineData("uaq-9")]
    [InlineData("kmeans-4")]
    [InlineData("")]
    [InlineData(null)]
    public void An_unknown_option_is_refused(string? text) => Assert.False(QuantizerSpec.TryParse(text, out _));
}
