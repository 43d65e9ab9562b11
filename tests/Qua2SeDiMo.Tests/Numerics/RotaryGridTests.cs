using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Numerics;

public sealed class RotaryGridTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("hunyuan-dit-v1.1", 8, 8)]
    [InlineData("hunyuan-dit-v1.2", 8, 12)]
    public void Tables_are_those_that_the_reference_pipeline_gives(string name, int height, int width)
    {
        using SafetensorsFile inputs = SafetensorsFile.Open(
            RepositoryFiles.Golden($"architectures/{name}/inputs.safetensors")
        );

        RotaryGrid grid = RotaryGrid.Of(8, height, width);

        foreach ((string part, float[] actual) in new[] { ("cos", grid.Cos), ("sin", grid.Sin) })
        {
            float[] expected = inputs.ReadSingle($"image_rotary_emb.{part}");
            Assert.Equal(expected.Length, actual.Length);
            float worst = expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max();
            output.WriteLine($"{part}: {worst:E2}");
            Assert.True(worst < 4e-6, $"{part}: {worst}");
        }
    }

    [Fact]
    public void Tables_lie_on_the_unit_circle_whatever_the_grid()
    {
        foreach ((int height, int width) in new[] { (1, 1), (1, 7), (9, 4), (64, 64), (5, 33) })
        {
            RotaryGrid grid = RotaryGrid.Of(88, height, width);
            Assert.Equal(height * width * 88, grid.Cos.Length);
            Assert.All(
                grid.Cos.Zip(grid.Sin),
                pair => Assert.Equal(1, (pair.First * pair.First) + (pair.Second * pair.Second), 1e-5)
            );
        }
    }
}
