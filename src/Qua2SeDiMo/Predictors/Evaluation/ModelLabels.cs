namespace Qua2SeDiMo.Predictors.Evaluation;

/// <summary>Display names of the models that predict trials.</summary>
internal static class ModelLabels
{
    /// <summary>Label of a model that scores options. Scores of <see cref="ModelNames.Ridge"/> are made with trends, so
    /// it gets the label of <see cref="ModelNames.RidgeTrends"/>.</summary>
    public static string Scorer(string model) => Of(model == ModelNames.Ridge ? ModelNames.RidgeTrends : model);

    /// <summary>The label of a name in <see cref="ModelNames"/>.</summary>
    public static string Of(string model) =>
        model switch
        {
            ModelNames.Network => "GATv2 network",
            ModelNames.Ridge => "Ridge on one-hot options",
            ModelNames.RidgeTrends => "Ridge around size and error",
            ModelNames.Ensemble => "Mean of network and ridge",
            ModelNames.RidgePairs => "Ridge with pairs inside units",
            ModelNames.MainEffects => "One at a time (marginal means)",
            ModelNames.AverageBits => "Average bits alone",
            ModelNames.ErrorSum => "Summed weight error",
            ModelNames.Mean => "Mean of the training trials",
            _ when model.StartsWith(ModelNames.Network + "-", StringComparison.Ordinal) =>
                $"GATv2 network, {model[(ModelNames.Network.Length + 1)..]}",
            _ => model,
        };
}
