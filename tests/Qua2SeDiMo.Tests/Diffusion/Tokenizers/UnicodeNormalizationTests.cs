using System.Text;
using CsCheck;
using Qua2SeDiMo.Diffusion.Tokenizers;
using Xunit;

namespace Qua2SeDiMo.Tests.Diffusion.Tokenizers;

public sealed class UnicodeNormalizationTests
{
    [Theory]
    [InlineData("cafe\u0301", "caf\u00e9")]
    [InlineData("e\u0323\u0301", "\u1eb9\u0301")]
    [InlineData("e\u0301\u0323", "\u1eb9\u0301")]
    [InlineData("\u1112\u1161\u11ab", "\ud55c")]
    [InlineData("\u212b", "\u00c5")]
    [InlineData("\u0958", "\u0915\u093c")]
    [InlineData("a\u0301\u0301", "\u00e1\u0301")]
    public void Composition_follows_the_standard(string text, string expected) =>
        Assert.Equal(expected, UnicodeNormalization.Compose(text));

    [Theory]
    [InlineData("\u1e69", "s\u0323\u0307")]
    [InlineData("\ud55c", "\u1112\u1161\u11ab")]
    [InlineData("\u01d5", "U\u0308\u0304")]
    public void Decomposition_is_complete_and_ordered(string text, string expected) =>
        Assert.Equal(expected, UnicodeNormalization.Decompose(text));

    [Fact]
    public void Both_forms_are_stable() =>
        Gen.Int[0x20, 0x2fff]
            .Array[0, 30]
            .Sample(codes =>
            {
                string text = string.Concat(codes.Where(Rune.IsValid).Select(code => new Rune(code).ToString()));
                string composed = UnicodeNormalization.Compose(text),
                    decomposed = UnicodeNormalization.Decompose(text);
                Assert.Equal(composed, UnicodeNormalization.Compose(composed));
                Assert.Equal(composed, UnicodeNormalization.Compose(decomposed));
                Assert.Equal(decomposed, UnicodeNormalization.Decompose(composed));
            });
}
