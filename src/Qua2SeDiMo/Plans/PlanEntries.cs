using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Plans;

/// <summary>What an entry of a plan is made of: budget, names, option of every weight.</summary>
internal static class PlanEntries
{
    /// <summary>An entry for a budget, with nothing chosen yet.</summary>
    internal static PlanEntry Entry(OptionFeatures features, BitBudget budget, string key, string label, PlanKind kind)
    {
        long bytes = budget.ToBytes(features.TotalOriginalBytes, features.OriginalBits);
        bool isLimited = budget != BitBudget.Best;
        return new PlanEntry
        {
            Key = $"{key}-{budget.Name}",
            Label = $"{label}, {budget.Label}",
            Kind = kind,
            Budget = budget,
            RequestedBits = isLimited
                ? budget.AverageBits ?? features.OriginalBits * (double)bytes / features.TotalOriginalBytes
                : null,
            BudgetBytes = isLimited ? bytes : null,
        };
    }

    /// <summary>The specification of an option; graphs from outside may join the words of a method by
    /// underscores.</summary>
    /// <exception cref="PlanException">No model can be packed with it.</exception>
    internal static QuantizerSpec Spec(OptionCode option)
    {
        if (QuantizerSpec.TryParse(option.Name.Replace('_', '-'), out QuantizerSpec? spec))
            return spec;
        string known = string.Join(", ", QuantizerSpec.PaperOptions);
        throw new PlanException(
            $"Option '{option.Name}' is none that a model can be packed with; options are {known}."
        );
    }

    /// <summary>The allocation of an option for every weight.</summary>
    internal static BitAllocation Allocation(
        OptionFeatures features,
        IReadOnlyList<IReadOnlyList<string>> weightNames,
        IReadOnlyList<int> options
    )
    {
        QuantizerSpec[] specs = [.. features.Options.Select(Spec)];
        return new BitAllocation(
            weightNames.SelectMany((names, w) => names.Select(name => KeyValuePair.Create(name, specs[options[w]])))
        );
    }
}
