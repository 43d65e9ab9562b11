using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models.Configs;
using Xunit;

namespace Qua2SeDiMo.Tests.Diffusion;

public sealed class GuidanceEmbeddingTests
{
    [Theory]
    [InlineData(256, 8.5)]
    [InlineData(8, 1)]
    [InlineData(7, 0)]
    public void Rows_are_sines_then_cosines_of_a_thousand_times_the_scale_less_one(int width, double scale)
    {
        TensorValue rows = GuidanceEmbedding
            .Of(ComponentConfig.Parse($"{{\"time_cond_proj_dim\": {width}}}", "config.json"))!
            .Rows(2, scale);
        Assert.Equal([2, width], rows.Shape);
        int half = width / 2;
        for (int i = 0; i < half; i++)
        {
            double angle = 1000 * (scale - 1) * Math.Pow(10000, -(double)i / (half - 1));
            foreach (int row in new[] { 0, width })
            {
                // Angles are in the thousands, in single precision.
                Assert.Equal(Math.Sin(angle), rows.Singles[row + i], 2e-3);
                Assert.Equal(Math.Cos(angle), rows.Singles[row + half + i], 2e-3);
            }
        }
        if (width % 2 == 1)
            Assert.Equal(0, rows.Singles[width - 1]);
    }

    [Fact]
    public void A_model_without_the_key_has_none_and_a_width_without_a_sinusoid_is_refused()
    {
        Assert.Null(GuidanceEmbedding.Of(ComponentConfig.Parse("{}", "config.json")));
        Assert.Throws<ModelFolderException>(() =>
            GuidanceEmbedding.Of(ComponentConfig.Parse("""{"time_cond_proj_dim": 2}""", "config.json"))
        );
    }
}
