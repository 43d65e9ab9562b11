using Qua2SeDiMo.Kernels;
using Xunit;

namespace Qua2SeDiMo.Tests.Kernels;

public sealed class KernelSelectorTests
{
    [Fact]
    public void The_first_supported_variant_runs_unless_one_is_named()
    {
        Assert.Equal(KernelSelector.Supported[0], KernelSelector.Choose(null).Name);
        Assert.Equal(KernelSelector.Supported[0], KernelSelector.Choose("").Name);
        foreach (string name in KernelSelector.Supported)
            Assert.Equal(name, KernelSelector.Choose(name).Name);
        Assert.Equal(["vnni", "avx512", "avx2", "scalar"], KernelSelector.Names);
        Assert.Contains("scalar", KernelSelector.Supported);
    }

    [Fact]
    public void A_variant_that_cannot_run_is_an_error_that_lists_those_that_can()
    {
        foreach (string name in KernelSelector.Names.Except(KernelSelector.Supported).Append("fastest"))
        {
            string message = Assert.Throws<KernelException>(() => KernelSelector.Choose(name)).Message;
            Assert.Contains(name, message);
            Assert.Contains(string.Join(", ", KernelSelector.Supported), message);
        }
    }
}
