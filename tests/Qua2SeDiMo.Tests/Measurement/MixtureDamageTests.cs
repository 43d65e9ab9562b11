using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Quantizers;
using Xunit;

namespace Qua2SeDiMo.Tests.Measurement;

public sealed class MixtureDamageTests
{
    private static readonly QuantizerSpec Three = new(QuantizerMethod.UniformAffine, 3),
        Four = new(QuantizerMethod.UniformAffine, 4);

    [Fact]
    public void Damages_of_weights_are_added_and_images_compared_by_logarithms()
    {
        MixtureDamage mixtures = Mixtures(EffectKind.CallSquares);

        double damage = mixtures.Damage(Of(("a", Three), ("b", Four)));

        Assert.Equal(Math.Sqrt((8 + 1) * (80 + 2)), damage, 9);
        Assert.Equal(Math.Sqrt(8 * 80), mixtures.Damage(Of(("a", Three))), 9);
        Assert.Equal(0, mixtures.Damage(BitAllocation.FullPrecision));
    }

    [Fact]
    public void Losses_are_averaged_as_they_are() =>
        Assert.Equal((8 + 1 + 80 + 2) / 2.0, Mixtures(EffectKind.Losses).Damage(Of(("a", Three), ("b", Four))));

    [Fact]
    public void Weights_that_are_always_equal_count_once()
    {
        var mixtures = new MixtureDamage(Filled(EffectKind.CallSquares), name => name == "c" ? "a" : name);

        Assert.Equal(Math.Sqrt(8 * 80), mixtures.Damage(Of(("a", Three), ("c", Three))), 9);
    }

    [Fact]
    public void What_was_not_measured_is_named()
    {
        MixtureDamage mixtures = Mixtures(EffectKind.CallSquares);

        Assert.Contains(
            "uaq-8",
            Assert
                .Throws<MeasurementException>(() => mixtures.Damage(Of(("a", new(QuantizerMethod.UniformAffine, 8)))))
                .Message
        );
        Assert.Contains("'d'", Assert.Throws<MeasurementException>(() => mixtures.Damage(Of(("d", Three)))).Message);
    }

    private static MixtureDamage Mixtures(EffectKind kind) => new(Filled(kind), name => name);

    // Two images; a costs 8 and 80 at three bits, b costs 1 and 2 at four.
    private static Effects Filled(EffectKind kind) =>
        new(kind, ["a", "b"], [Three, Four], [0], 2, 1)
        {
            [0, 0, 0, 0, 0] = 8,
            [1, 0, 0, 0, 0] = 80,
            [0, 0, 0, 1, 1] = 1,
            [1, 0, 0, 1, 1] = 2,
        };

    private static BitAllocation Of(params (string Name, QuantizerSpec Spec)[] choices) =>
        new(choices.Select(choice => KeyValuePair.Create(choice.Name, choice.Spec)));
}
