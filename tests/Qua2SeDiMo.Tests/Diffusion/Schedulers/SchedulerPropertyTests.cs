using CsCheck;
using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Models.Configs;
using Xunit;

namespace Qua2SeDiMo.Tests.Diffusion.Schedulers;

public sealed class SchedulerPropertyTests
{
    private const string Latent = "\"beta_start\": 0.00085, \"beta_end\": 0.012, \"beta_schedule\": \"scaled_linear\"";

    [Theory]
    [InlineData("DDIMScheduler", "\"clip_sample\": false")]
    [InlineData(
        "DDIMScheduler",
        "\"clip_sample\": false, \"prediction_type\": \"sample\", \"timestep_spacing\": \"trailing\""
    )]
    [InlineData(
        "DDIMScheduler",
        "\"clip_sample\": false, \"prediction_type\": \"v_prediction\", \"timestep_spacing\": \"linspace\""
    )]
    [InlineData("DDPMScheduler", "\"clip_sample\": false, \"timestep_spacing\": \"linspace\"")]
    [InlineData("DPMSolverMultistepScheduler", "\"solver_order\": 3")]
    [InlineData(
        "DPMSolverMultistepScheduler",
        "\"solver_order\": 3, \"solver_type\": \"heun\", \"prediction_type\": \"v_prediction\", \"use_karras_sigmas\": true"
    )]
    [InlineData("DPMSolverMultistepScheduler", "\"solver_order\": 2, \"use_exponential_sigmas\": true")]
    [InlineData(
        "DPMSolverMultistepScheduler",
        "\"solver_order\": 2, \"use_beta_sigmas\": true, \"euler_at_final\": true"
    )]
    [InlineData(
        "DPMSolverMultistepScheduler",
        "\"solver_order\": 2, \"use_lu_lambdas\": true, \"prediction_type\": \"sample\""
    )]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\": \"sde-dpmsolver++\", \"solver_type\": \"heun\"")]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\": \"sde-dpmsolver++\", \"solver_order\": 3")]
    [InlineData(
        "DPMSolverMultistepScheduler",
        "\"beta_schedule\": \"squaredcos_cap_v2\", \"lambda_min_clipped\": -5.1"
    )]
    [InlineData(
        "DPMSolverMultistepScheduler",
        "\"use_flow_sigmas\": true, \"prediction_type\": \"flow_prediction\", \"flow_shift\": 3.0, \"solver_order\": 3"
    )]
    [InlineData("EulerDiscreteScheduler", "\"use_exponential_sigmas\": true, \"prediction_type\": \"v_prediction\"")]
    [InlineData("EulerDiscreteScheduler", "\"use_beta_sigmas\": true, \"prediction_type\": \"sample\"")]
    [InlineData(
        "EulerDiscreteScheduler",
        "\"rescale_betas_zero_snr\": true, \"timestep_spacing\": \"trailing\", \"prediction_type\": \"v_prediction\""
    )]
    [InlineData(
        "EulerAncestralDiscreteScheduler",
        "\"prediction_type\": \"v_prediction\", \"timestep_spacing\": \"leading\""
    )]
    [InlineData("UniPCMultistepScheduler", "\"solver_order\": 3, \"solver_type\": \"bh1\"")]
    [InlineData(
        "UniPCMultistepScheduler",
        "\"solver_order\": 3, \"use_karras_sigmas\": true, \"prediction_type\": \"v_prediction\""
    )]
    [InlineData(
        "UniPCMultistepScheduler",
        "\"use_flow_sigmas\": true, \"prediction_type\": \"flow_prediction\", \"flow_shift\": 5.0"
    )]
    [InlineData(
        "UniPCMultistepScheduler",
        "\"solver_order\": 2, \"disable_corrector\": [0, 1], \"use_exponential_sigmas\": true"
    )]
    [InlineData("FlowMatchEulerDiscreteScheduler", "\"shift\": 3.0, \"use_karras_sigmas\": true")]
    [InlineData("FlowMatchEulerDiscreteScheduler", "\"shift\": 3.0, \"stochastic_sampling\": true")]
    [InlineData("FlowMatchEulerDiscreteScheduler", "\"shift\": 1.0, \"use_beta_sigmas\": true")]
    public void A_denoiser_that_knows_the_clean_sample_is_led_to_it(string className, string settings)
    {
        foreach (int steps in new[] { 8, 20 })
        {
            float[] reached = Run(className, settings, steps, out float[] clean);
            Assert.NotEmpty(clean);
            for (int i = 0; i < clean.Length; i++)
                Assert.InRange(reached[i], clean[i] - 2e-3f, clean[i] + 2e-3f);
        }
    }

    // These schedulers end at the first training timestep, where a little noise remains.
    [Theory]
    [InlineData("DDIMScheduler", "\"clip_sample\": false, \"set_alpha_to_one\": false")]
    [InlineData(
        "DPMSolverMultistepScheduler",
        "\"final_sigmas_type\": \"sigma_min\", \"algorithm_type\": \"dpmsolver\", \"solver_order\": 3"
    )]
    [InlineData(
        "DPMSolverMultistepScheduler",
        "\"final_sigmas_type\": \"sigma_min\", \"algorithm_type\": \"dpmsolver\", \"solver_type\": \"heun\""
    )]
    [InlineData(
        "UniPCMultistepScheduler",
        "\"final_sigmas_type\": \"sigma_min\", \"predict_x0\": false, \"solver_order\": 3"
    )]
    [InlineData(
        "UniPCMultistepScheduler",
        "\"final_sigmas_type\": \"sigma_min\", \"predict_x0\": false, \"solver_type\": \"bh1\""
    )]
    [InlineData("EulerDiscreteScheduler", "\"interpolation_type\": \"log_linear\"")]
    [InlineData("PNDMScheduler", "\"skip_prk_steps\": true")]
    [InlineData("PNDMScheduler", "\"skip_prk_steps\": false")]
    [InlineData(
        "PNDMScheduler",
        "\"skip_prk_steps\": false, \"prediction_type\": \"v_prediction\", \"timestep_spacing\": \"trailing\""
    )]
    public void Without_a_final_level_of_zero_the_clean_sample_is_nearly_reached(string className, string settings)
    {
        float[] reached = Run(className, settings, 25, out float[] clean);
        Assert.NotEmpty(clean);
        for (int i = 0; i < clean.Length; i++)
            Assert.InRange(reached[i], clean[i] - 0.2f, clean[i] + 0.2f);
    }

    [Fact]
    public void Dynamic_thresholding_looks_at_each_image_alone()
    {
        var clipping = new SampleClipping(
            Config(
                "DDIMScheduler",
                "\"thresholding\": true, \"dynamic_thresholding_ratio\": 0.75, \"sample_max_value\": 4.0"
            ),
            clipsByDefault: true
        );
        float[] clean = [0.1f, -0.2f, 0.3f, 0.4f, 0.5f, 1f, 2f, 3f, -8f, 1f];
        clipping.Apply(clean, imageCount: 2);

        // The first image is within 1; the 75th percentile of the second image's magnitudes is 3.
        Assert.Equal([0.1f, -0.2f, 0.3f, 0.4f, 0.5f], clean[..5]);
        Assert.Equal([1f / 3, 2f / 3, 1f, -1f, 1f / 3], clean[5..]);
    }

    [Theory]
    [InlineData("NoSuchScheduler", "")]
    [InlineData("DDIMScheduler", "\"prediction_type\": \"flow\"")]
    [InlineData("DDIMScheduler", "\"beta_schedule\": \"cosine\"")]
    [InlineData("DDPMScheduler", "\"variance_type\": \"fixed_large_log\"")]
    [InlineData("DPMSolverMultistepScheduler", "\"solver_order\": 4")]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\": \"dpmsolver\"")]
    [InlineData("EulerDiscreteScheduler", "\"use_karras_sigmas\": true, \"use_beta_sigmas\": true")]
    [InlineData("UniPCMultistepScheduler", "\"solver_p\": {}")]
    [InlineData("FlowMatchEulerDiscreteScheduler", "\"use_dynamic_shifting\": true")]
    [InlineData("PNDMScheduler", "\"timestep_spacing\": \"even\"")]
    public void What_is_not_supported_is_refused(string className, string settings) =>
        Assert.ThrowsAny<Q2Exception>(() => SchedulerCatalog.Create(Config(className, settings)).SetTimesteps(10));

    [Fact]
    public void Any_mix_of_settings_runs_or_is_refused()
    {
        string[] choices =
        [
            "\"prediction_type\": \"v_prediction\"",
            "\"prediction_type\": \"sample\"",
            "\"prediction_type\": \"flow_prediction\"",
            "\"timestep_spacing\": \"trailing\"",
            "\"timestep_spacing\": \"linspace\"",
            "\"timestep_spacing\": \"leading\"",
            "\"steps_offset\": 1",
            "\"steps_offset\": 700",
            "\"num_train_timesteps\": 50",
            "\"num_train_timesteps\": 1",
            "\"rescale_betas_zero_snr\": true",
            "\"beta_schedule\": \"squaredcos_cap_v2\"",
            "\"beta_schedule\": \"sigmoid\"",
            "\"trained_betas\": [0.1, 0.2, 0.3]",
            "\"use_karras_sigmas\": true",
            "\"use_exponential_sigmas\": true",
            "\"use_beta_sigmas\": true",
            "\"use_lu_lambdas\": true",
            "\"use_flow_sigmas\": true",
            "\"flow_shift\": 7",
            "\"solver_order\": 1",
            "\"solver_order\": 3",
            "\"final_sigmas_type\": \"sigma_min\"",
            "\"algorithm_type\": \"dpmsolver\"",
            "\"algorithm_type\": \"sde-dpmsolver++\"",
            "\"lower_order_final\": false",
            "\"euler_at_final\": true",
            "\"thresholding\": true",
            "\"clip_sample\": false",
            "\"lambda_min_clipped\": -1",
            "\"set_alpha_to_one\": false",
            "\"skip_prk_steps\": true",
            "\"variance_type\": \"learned_range\"",
            "\"variance_type\": \"fixed_large\"",
            "\"predict_x0\": false",
            "\"solver_type\": \"bh1\"",
            "\"shift\": 3",
            "\"shift_terminal\": 0.1",
            "\"invert_sigmas\": true",
            "\"stochastic_sampling\": true",
            "\"interpolation_type\": \"log_linear\"",
            "\"timestep_type\": \"continuous\"",
            "\"original_inference_steps\": 7",
            "\"disable_corrector\": [0]",
            "\"sigma_max\": 3",
            "\"sigma_min\": 0.5",
        ];
        string[] classes = [.. SchedulerCatalog.ClassNames];
        Gen<string> setting = Gen.Int[0, choices.Length - 1].Select(i => choices[i]);
        Gen.Select(Gen.Int[0, classes.Length - 1].Select(i => classes[i]), setting.Array[0, 6], Gen.Int[0, 60])
            .Sample(
                (className, settings, steps) =>
                {
                    try
                    {
                        IScheduler scheduler = SchedulerCatalog.Create(
                            Config(className, string.Join(", ", settings.DistinctBy(text => text.Split(':')[0])))
                        );
                        scheduler.SetTimesteps(steps);
                        float[] sample = [1, 2, 3, 4],
                            scaled = new float[4],
                            output = new float[scheduler.UsesPredictedVariance ? 8 : 4];
                        for (int i = 0; i < scheduler.Timesteps.Length; i++)
                        {
                            scheduler.ScaleModelInput(sample, i, scaled);
                            scheduler.Step(
                                output,
                                i,
                                sample,
                                scheduler.NeedsNoise(i) ? [0.1f, 0.2f, 0.3f, 0.4f] : [],
                                2
                            );
                        }
                    }
                    catch (Q2Exception) { }
                },
                iter: 3000
            );
    }

    [Fact]
    public void Steps_beyond_the_training_timesteps_are_refused() =>
        Assert.ThrowsAny<Q2Exception>(() => SchedulerCatalog.Create(Config("DDIMScheduler", "")).SetTimesteps(1001));

    [Fact]
    public void A_second_loop_starts_afresh_and_steps_allocate_nothing()
    {
        IScheduler scheduler = SchedulerCatalog.Create(Config("DPMSolverMultistepScheduler", "\"solver_order\": 3"));
        scheduler.SetTimesteps(10);
        float[] output = [0.1f, 0.2f],
            first = [1, 2],
            second = [1, 2];
        for (int i = 0; i < 10; i++)
            scheduler.Step(output, i, first, [], 1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            scheduler.Step(output, i, second, [], 1);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(first, second);
    }

    private static float[] Run(string className, string settings, int steps, out float[] clean)
    {
        ComponentConfig config = Config(className, settings);
        IScheduler scheduler = SchedulerCatalog.Create(config);
        scheduler.SetTimesteps(steps);
        clean = [0.5f, -1f, 0.25f, 2f];
        float[] sample = [.. new[] { 1.5f, -0.3f, -1.1f, 0.4f }.Select(value => value * scheduler.InitNoiseSigma)];
        float[] noise = [-0.2f, 0.7f, 1.2f, -1f];
        for (int i = 0; i < scheduler.Timesteps.Length; i++)
        {
            float[] output = Oracle(scheduler, config, i, sample, clean);
            scheduler.Step(output, i, sample, noise, 1);
        }
        return sample;
    }

    private static float[] Oracle(IScheduler scheduler, ComponentConfig config, int step, float[] sample, float[] clean)
    {
        bool isFlow =
            config.Flag("use_flow_sigmas", false) || config.ClassName.StartsWith("FlowMatch", StringComparison.Ordinal);
        bool isExploding = config.ClassName.StartsWith("Euler", StringComparison.Ordinal);
        double alpha,
            sigma;
        if (scheduler.Sigmas.IsEmpty)
        {
            float product = NoiseSchedule.From(config, false).AlphaProductAt((int)scheduler.Timesteps[step]);
            (alpha, sigma) = (Math.Sqrt(product), Math.Sqrt(1 - product));
        }
        else
        {
            double level = scheduler.Sigmas[step];
            (alpha, sigma) = isFlow
                ? (1 - level, level)
                : (1 / Math.Sqrt((level * level) + 1), level / Math.Sqrt((level * level) + 1));
        }
        return
        [
            .. sample.Select(
                (value, i) =>
                {
                    double scaled = isExploding ? value * alpha : value;
                    double epsilon = (scaled - (alpha * clean[i])) / sigma;
                    return (float)(
                        isFlow
                            ? epsilon - clean[i]
                            : config.Text("prediction_type", "epsilon") switch
                            {
                                "sample" => clean[i],
                                "v_prediction" => (alpha * epsilon) - (sigma * clean[i]),
                                _ => epsilon,
                            }
                    );
                }
            ),
        ];
    }

    private static ComponentConfig Config(string className, string settings)
    {
        string betas = settings.Contains("beta_schedule", StringComparison.Ordinal) ? "" : Latent + ",";
        return ComponentConfig.Parse(
            $"{{ {betas} {settings}{(settings.Length > 0 ? "," : "")} \"_class_name\": \"{className}\" }}",
            "test"
        );
    }
}
