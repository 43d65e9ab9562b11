using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Plans;

/// <summary>Creates plan entries from budgets, names and options.</summary>
internal static class PlanEntries
{
    /// <summary>An entry for a budget, without an allocation.</summary>
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

    /// <summary>The specification of an option. Underscores in its name, which external studies may use, are read as
    /// hyphens.</summary>
    /// <exception cref="PlanException">No model can be packed with the option.</exception>
    internal static QuantizerSpec Spec(OptionCode option)
    {
        if (QuantizerSpec.TryParse(option.Name.Replace('_', '-'), out QuantizerSpec? spec))
            return spec;
        string known = string.Join(", ", QuantizerSpec.PaperOptions);
        throw new PlanException(
            $"Option '{option.Name}' is none that a model can be packed with; options are {known}."
        );
    }

    /// <summary>Bits of layers' inputs by weight name; null where no input is rounded.</summary>
    internal static IReadOnlyDictionary<string, int>? Activations(
        IReadOnlyList<IReadOnlyList<string>> weightNames,
        IReadOnlyList<int> bits
    )
    {
        if (bits.All(width => width == ActivationAllocation.UnroundedBits))
            return null;
        return new ActivationAllocation(
            weightNames.SelectMany((names, w) => names.Select(name => KeyValuePair.Create(name, bits[w])))
        ).ByWeight;
    }

    /// <summary>A name of bits of layers' inputs, for keys.</summary>
    internal static string Hash(IReadOnlyDictionary<string, int> activations)
    {
        const int length = 4;
        string text = string.Join(
            '\n',
            activations
                .OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value}"))
        );
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))[..length]);
    }

    /// <summary>The allocation that gives each weight, and those tied to it, its option.</summary>
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
