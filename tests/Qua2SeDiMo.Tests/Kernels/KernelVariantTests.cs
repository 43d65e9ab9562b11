using Qua2SeDiMo.Kernels;
using Xunit;

namespace Qua2SeDiMo.Tests.Kernels;

/// <summary>Reports, as skipped tests with the reason, the kernel variants that the theories of this folder cannot run
/// on this machine.</summary>
public sealed class KernelVariantTests
{
    [VariantFact("scalar")]
    public void The_scalar_kernel_is_tested() => IsTested("scalar");

    [VariantFact("avx2")]
    public void The_kernel_of_256_bits_is_tested() => IsTested("avx2");

    [VariantFact("avx512")]
    public void The_kernel_of_512_bits_is_tested() => IsTested("avx512");

    [VariantFact("vnni")]
    public void The_kernel_of_dot_products_of_bytes_is_tested() => IsTested("vnni");

    [Fact]
    public void Every_variant_has_a_test_here() =>
        Assert.Equal(["avx2", "avx512", "scalar", "vnni"], KernelSelector.Names.Order(StringComparer.Ordinal));

    private static void IsTested(string variant) =>
        Assert.Contains(variant, ((IEnumerable<object[]>)PaletteMatMulTests.Variants).Select(row => (string)row[0]));

    private sealed class VariantFactAttribute : FactAttribute
    {
        public VariantFactAttribute(string variant)
        {
            if (!KernelSelector.Supported.Contains(variant))
                Skip = $"This processor cannot run the kernel '{variant}'; its theories ran without it.";
        }
    }
}
