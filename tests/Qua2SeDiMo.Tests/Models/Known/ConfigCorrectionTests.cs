using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Known;
using Xunit;

namespace Qua2SeDiMo.Tests.Models.Known;

/// <summary>The corrections that StableDiffusionPipeline of diffusers makes in old files, and values that it
/// keeps.</summary>
public sealed class ConfigCorrectionTests
{
    [Theory]
    [InlineData("PNDMScheduler", "{}", 1)]
    [InlineData("PNDMScheduler", """{"steps_offset": 0}""", 1)]
    [InlineData("PNDMScheduler", """{"steps_offset": null}""", 1)]
    [InlineData("EulerDiscreteScheduler", """{"steps_offset": 2}""", 1)]
    [InlineData("EulerDiscreteScheduler", """{"steps_offset": 1}""", 1)]
    [InlineData("FlowMatchEulerDiscreteScheduler", "{}", 0)]
    public void The_offset_of_timesteps_is_one_for_classes_that_have_it(string name, string json, int offset) =>
        Assert.Equal(offset, Corrected("scheduler", name, json).Int("steps_offset", 0));

    [Theory]
    [InlineData("DDIMScheduler", "{}", false)]
    [InlineData("DDIMScheduler", """{"clip_sample": true}""", false)]
    [InlineData("DDPMScheduler", "{}", false)]
    [InlineData("LCMScheduler", """{"clip_sample": true}""", false)]
    public void Samples_are_not_clipped(string name, string json, bool clips) =>
        Assert.Equal(clips, Corrected("scheduler", name, json).Flag("clip_sample", true));

    [Fact]
    public void A_class_that_never_clips_is_left_alone() =>
        Assert.False(Corrected("scheduler", "PNDMScheduler", """{"steps_offset": 1}""").Has("clip_sample"));

    [Theory]
    [InlineData("\"0.6.0\"", "8", "64")]
    [InlineData("\"0.8.1.dev0\"", "63", "64")]
    [InlineData("\"0.6.0\"", "64", "64")]
    [InlineData("\"0.6.0\"", "96", "96")]
    [InlineData("\"0.9.0.dev0\"", "32", "32")]
    [InlineData("\"0.10.2\"", "32", "32")]
    [InlineData("\"1.0\"", "32", "32")]
    [InlineData("null", "32", "32")]
    [InlineData("\"0.6.0\"", "[8, 16]", "[8,16]")]
    public void A_small_sample_size_of_an_old_file_is_64(string version, string size, string expected) =>
        Assert.Equal(
            expected,
            Corrected("unet", "UNet2DConditionModel", $"{{\"_diffusers_version\": {version}, \"sample_size\": {size}}}")
                .Value("sample_size")!
                .ToJsonString()
        );

    [Fact]
    public void Other_pipelines_correct_nothing() =>
        Assert.Empty(ConfigCorrection.Of("StableDiffusionXLPipeline", "scheduler"));

    [Fact]
    public void The_note_says_what_was_found_and_what_is_taken()
    {
        string missing = ConfigCorrection.All[0].Note(ComponentConfig.Parse("{}", "s.json").As("PNDMScheduler"));
        Assert.StartsWith(
            "s.json: 'steps_offset' is missing, so that PNDMScheduler has 0; 1 is taken",
            missing,
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "s.json: 'steps_offset' is 5; 1 is taken",
            ConfigCorrection
                .All[0]
                .Note(ComponentConfig.Parse("""{"steps_offset": 5}""", "s.json").As("PNDMScheduler")),
            StringComparison.Ordinal
        );
    }

    private static ComponentConfig Corrected(string component, string name, string json) =>
        ConfigCorrection
            .Of("StableDiffusionPipeline", component)
            .Aggregate(
                ComponentConfig.Parse(json, "file.json").As(name),
                (config, correction) => correction.Apply(config)
            );
}
