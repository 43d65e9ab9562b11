using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Numerics;
using Xunit;

namespace Qua2SeDiMo.Tests.Diffusion;

public sealed class SamplerResponseTests
{
    [Theory]
    [InlineData("ddim-sd15")]
    [InlineData("ddim-sd21-v")]
    [InlineData("dpmpp1")]
    [InlineData("dpmpp2m-pixart")]
    [InlineData("dpmpp2m-karras")]
    [InlineData("dpmpp2m-v")]
    [InlineData("dpmpp2m-sde")]
    [InlineData("euler-sdxl")]
    [InlineData("euler-ancestral")]
    [InlineData("flow-sd3")]
    [InlineData("pndm-sd15")]
    [InlineData("unipc")]
    public void A_run_is_the_sum_of_what_its_predictions_and_its_noise_give(string name)
    {
        const int Steps = 7;
        IScheduler scheduler = Create(name);
        SamplerResponse response = SamplerResponse.Of(scheduler, Steps, new SamplingOptions());
        var random = new Pcg32(5);
        scheduler.SetTimesteps(Steps);
        float noise = (float)random.NextNormal();
        float[] sample = [noise * scheduler.InitNoiseSigma];
        double expected = response.ToNoise(response.StepCount) * noise,
            size = Math.Abs(expected);
        for (int step = 0; step < response.StepCount; step++)
        {
            float prediction = (float)random.NextNormal(),
                scaled = response.InputScale(step) * sample[0];
            float[] input = new float[1];
            scheduler.ScaleModelInput(sample, step, input);
            Assert.Equal(scaled, input[0], 1e-4f * Math.Max(1, Math.Abs(scaled)));
            scheduler.Step([prediction], step, sample, scheduler.NeedsNoise(step) ? [0f] : [], 1);
            expected += response.ToPrediction(response.StepCount, step) * prediction;
            size += Math.Abs(response.ToPrediction(response.StepCount, step) * prediction);
        }

        Assert.Equal(expected, sample[0], 1e-4 * size);
    }

    [Theory]
    [InlineData("ddpm-dit-learned-range", false, "variance")]
    [InlineData("ddpm-fixed-small", true, "clipped")]
    public void A_scheduler_that_is_not_linear_is_refused_with_what_to_do(string name, bool clips, string why)
    {
        IScheduler scheduler = SchedulerCatalog.Create(Config(name).With("clip_sample", clips));
        SchedulerException error = Assert.Throws<SchedulerException>(() =>
            SamplerResponse.Of(scheduler, 7, new SamplingOptions())
        );

        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.Contains("single calls", error.Message, StringComparison.Ordinal);
    }

    private static IScheduler Create(string name) => SchedulerCatalog.Create(Config(name));

    private static ComponentConfig Config(string name) =>
        ComponentConfig.Read(RepositoryFiles.Golden($"schedulers/{name}.json")).Object("scheduler_config");
}
