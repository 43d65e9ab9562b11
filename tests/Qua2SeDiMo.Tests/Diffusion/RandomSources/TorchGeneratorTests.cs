using Qua2SeDiMo.Diffusion.RandomSources;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Tests.Verification;
using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Diffusion.RandomSources;

public sealed class TorchGeneratorTests(ITestOutputHelper output)
{
    [Fact]
    public void Streams_agree_with_PyTorch() =>
        VerificationAssert.AllPass(RandomCases.Verify(RepositoryFiles.Golden("random")), output);

    [Fact]
    public void Only_the_lower_32_bits_of_a_seed_count() =>
        Assert.Equal(new TorchGenerator(7).NextUInt32(), new TorchGenerator(7 + (5L << 32)).NextUInt32());

    [Fact]
    public void Integers_are_not_drawn_as_normals() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new TorchGenerator(0).Normal(new float[4], ElementType.Int64));
}
