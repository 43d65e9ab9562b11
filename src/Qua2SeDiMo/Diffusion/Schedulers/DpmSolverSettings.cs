using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>Validated settings of DPM-Solver from a configuration.</summary>
internal sealed record DpmSolverSettings(
    int Order,
    PredictionType Prediction,
    bool PredictsSample,
    bool IsStochastic,
    bool UsesHeun,
    bool LowerOrderFinal,
    bool EulerAtFinal,
    bool EndsAtZero,
    bool UsesFlow
)
{
    /// <summary>Reads solver_order, prediction_type, algorithm_type, solver_type, lower_order_final, euler_at_final,
    /// final_sigmas_type, use_flow_sigmas.</summary>
    public static DpmSolverSettings From(ComponentConfig config)
    {
        // A configuration written for DEIS or UniPC may be loaded by this class; their names are mapped as in
        // diffusers.
        string algorithm =
            config.Text("algorithm_type", "dpmsolver++") is var named && named == "deis" ? "dpmsolver++" : named;
        if (algorithm is not ("dpmsolver" or "dpmsolver++" or "sde-dpmsolver" or "sde-dpmsolver++"))
        {
            throw config.Unsupported("algorithm_type", "dpmsolver, dpmsolver++, sde-dpmsolver and sde-dpmsolver++ are");
        }
        string solver = config.Text("solver_type", "midpoint");
        if (solver is not ("midpoint" or "heun" or "logrho" or "bh1" or "bh2"))
            throw config.Unsupported("solver_type", "midpoint and heun are");
        bool endsAtZero = ReadEndsAtZero(config);
        bool predictsSample = algorithm.EndsWith("++", StringComparison.Ordinal);
        if (!predictsSample && endsAtZero)
        {
            throw new SchedulerException(
                $"{config.Source}: algorithm_type {algorithm} cannot end at a noise level of zero; set final_sigmas_type to sigma_min."
            );
        }
        bool stochastic = algorithm.StartsWith("sde", StringComparison.Ordinal);
        int order = config.Int("solver_order", 2);
        if (order < 1 || order > 3 || (order == 3 && algorithm == "sde-dpmsolver"))
            throw config.Unsupported("solver_order", "1 to 3 are, 1 and 2 for sde-dpmsolver");
        return new DpmSolverSettings(
            order,
            ModelOutputs.Type(config, allowsFlow: predictsSample),
            predictsSample,
            stochastic,
            solver == "heun",
            config.Flag("lower_order_final", true),
            config.Flag("euler_at_final", false),
            endsAtZero,
            config.Flag("use_flow_sigmas", false)
        );
    }

    /// <summary>Reads final_sigmas_type: whether the last noise level is zero instead of the smallest trained
    /// one.</summary>
    public static bool ReadEndsAtZero(ComponentConfig config) =>
        config.Text("final_sigmas_type", "zero") switch
        {
            "zero" => true,
            "sigma_min" => false,
            _ => throw config.Unsupported("final_sigmas_type", "zero and sigma_min are"),
        };
}
