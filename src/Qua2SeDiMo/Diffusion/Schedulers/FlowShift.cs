using System.Numerics;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>Shifts noise levels of flow matching towards more noise, which larger images need (Esser et al., ICML 2024,
/// section 5.3.2).</summary>
internal static class FlowShift
{
    /// <summary>s·σ / (1 + (s − 1)·σ), in the precision of the arguments.</summary>
    public static T By<T>(T shift, T sigma)
        where T : IFloatingPointIeee754<T> => shift * sigma / (T.One + ((shift - T.One) * sigma));

    /// <summary>The shift that depends on the image size: m/(m + 1/σ − 1), where m is e^mu or mu; in the precision of
    /// σ.</summary>
    public static T Dynamic<T>(ComponentConfig config, double mu, T sigma)
        where T : IFloatingPointIeee754<T>
    {
        T factor = T.CreateChecked(
            config.Text("time_shift_type", "exponential") switch
            {
                "exponential" => Math.Exp(mu),
                "linear" => mu,
                _ => throw config.Unsupported("time_shift_type", "exponential and linear are"),
            }
        );
        return factor / (factor + ((T.One / sigma) - T.One));
    }

    /// <summary>Stretches levels so that the last one is <c>shift_terminal</c>; unchanged when the configuration does
    /// not state it.</summary>
    public static double[] StretchToTerminal(ComponentConfig config, double[] sigmas)
    {
        if (config.Number("shift_terminal", 0) is not (not 0 and var terminal))
            return sigmas;
        double scale = (1 - sigmas[^1]) / (1 - terminal);
        return [.. sigmas.Select(sigma => 1 - ((1 - sigma) / scale))];
    }
}
