using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Models.Known;

/// <summary>
/// Known configuration keys of the schedulers, with the defaults of their classes in diffusers. A configuration is
/// opened as the class that model_index.json names: keys of that class are read, those of other schedulers are not.
/// </summary>
internal static class SchedulerKeys
{
    private const string Betas =
        "num_train_timesteps=1000 beta_start=0.0001 beta_end=0.02 beta_schedule=\"linear\" trained_betas prediction_type=\"epsilon\"";
    private const string Thresholding = "thresholding=false dynamic_thresholding_ratio=0.995 sample_max_value=1.0";
    private const string Levels = "use_karras_sigmas=false use_exponential_sigmas=false use_beta_sigmas=false";
    private const string SolverLevels =
        "use_flow_sigmas=false flow_shift=1.0 final_sigmas_type=\"zero\" use_dynamic_shifting=false time_shift_type=\"exponential\"";
    private const string Leading = "timestep_spacing=\"leading\" steps_offset=0";
    private const string Linspace = "timestep_spacing=\"linspace\" steps_offset=0";
    private const string ZeroSignalKey = "rescale_betas_zero_snr";
    private const string ZeroSignal = $"{ZeroSignalKey}=false";

    /// <summary>One table per class.</summary>
    public static IReadOnlyList<KnownKeys> All { get; } =
    [
        new(
            ["DDIMScheduler"],
            $"{Betas} {Thresholding} {Leading} {ZeroSignal} clip_sample=true clip_sample_range=1.0 set_alpha_to_one=true"
        ),
        new(
            ["DDPMScheduler"],
            $"{Betas} {Thresholding} {Leading} {ZeroSignal} clip_sample=true clip_sample_range=1.0 variance_type=\"fixed_small\""
        ),
        new(
            ["DPMSolverMultistepScheduler"],
            $"{Betas} {Thresholding} {Linspace} {ZeroSignal} {Levels} {SolverLevels} solver_order=2 "
                + "algorithm_type=\"dpmsolver++\" solver_type=\"midpoint\""
                + " lower_order_final=true euler_at_final=false use_lu_lambdas=false lambda_min_clipped"
        )
        {
            Ignored =
            [
                new(
                    "a variance that the denoiser predicts beside the noise is cut off whatever its kind",
                    "variance_type"
                ),
            ],
        },
        new(["EulerAncestralDiscreteScheduler"], $"{Betas} {Linspace} {ZeroSignal}"),
        new(
            ["EulerDiscreteScheduler"],
            $"{Betas} {Linspace} {ZeroSignal} {Levels} interpolation_type=\"linear\" sigma_min sigma_max "
                + "timestep_type=\"discrete\" final_sigmas_type=\"zero\""
        ),
        new(
            ["FlowMatchEulerDiscreteScheduler"],
            "num_train_timesteps=1000 shift=1.0 use_dynamic_shifting=false invert_sigmas=false shift_terminal "
                + $"{Levels} time_shift_type=\"exponential\" stochastic_sampling=false"
                + " base_shift=0.5 max_shift=1.15 base_image_seq_len=256 max_image_seq_len=4096"
        ),
        new(
            ["LCMScheduler"],
            "num_train_timesteps=1000 beta_start=0.00085 beta_end=0.012 beta_schedule=\"scaled_linear\" "
                + $"trained_betas prediction_type=\"epsilon\" {Thresholding} {ZeroSignal}"
                + " original_inference_steps=50 clip_sample=false clip_sample_range=1.0 timestep_scaling=10.0"
        )
        {
            Ignored =
            [
                new(
                    "its timesteps are those it was distilled on, and its last step ends at the clean sample",
                    "timestep_spacing",
                    "steps_offset",
                    "set_alpha_to_one"
                ),
            ],
        },
        new(["PNDMScheduler"], $"{Betas} {Leading} skip_prk_steps=false set_alpha_to_one=false"),
        new(
            ["UniPCMultistepScheduler"],
            $"{Betas} {Thresholding} {Linspace} {ZeroSignal} {Levels} {SolverLevels} solver_order=2 "
                + "predict_x0=true solver_type=\"bh2\" lower_order_final=true disable_corrector=[]"
                + " sigma_min sigma_max shift_terminal"
        )
        {
            Limited = [new("solver_p", "null")],
        },
    ];

    // Keys that change the noise schedule or the steps when they are true.
    private static readonly string[] Switches =
    [
        ZeroSignalKey,
        "use_karras_sigmas",
        "use_exponential_sigmas",
        "use_beta_sigmas",
        "use_flow_sigmas",
        "use_dynamic_shifting",
        "thresholding",
    ];

    /// <summary>
    /// Whether a key of another scheduler may be ignored silently, as diffusers does when it opens the file as another
    /// class. A switch that is on would change the images of that scheduler, so it is reported instead.
    /// </summary>
    public static bool IsOfAnother(string key, ForeignValue value) =>
        All.Any(keys => keys.Has(key)) && !(Switches.Contains(key) && IsTurnedOn(value));

    /// <summary>Rejects a file that asks for a schedule with zero terminal signal, when its class does not support one
    /// and the denoiser predicts the noise.</summary>
    /// <exception cref="ModelFolderException">The file asks for such a schedule.</exception>
    internal static void CheckZeroSignal(ComponentConfig config, KnownKeys known)
    {
        if (known.Has(ZeroSignalKey) || !known.Has("prediction_type"))
            return;
        if (!config.Members.Any(member => member.Key == ZeroSignalKey && IsTurnedOn(member.Value)))
            return;
        if (config.Text("prediction_type", "epsilon") != "epsilon")
            return;
        throw new ModelFolderException(
            $"{config.Source}: {ZeroSignalKey} is true, which {config.ClassName}, the class of this pipeline's "
                + "scheduler, does not read; and prediction_type 'epsilon' has no meaning "
                + $"where no signal is left (v_prediction has). Set {ZeroSignalKey} to false, or name a scheduler "
                + "in model_index.json that reads it, with a model made for it."
        );
    }

    private static bool IsTurnedOn(ForeignValue value) => value.IsFlag && value.Flag();
}
