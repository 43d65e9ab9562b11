using Qua2SeDiMo.Json;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Packing;

/// <summary>
/// Bits of layers' inputs in the files of a packed model, with the version that says whether there are any: 1 has one
/// number for all layers (<c>activation_bits</c>) or none, 2 has one for each layer (<c>activations</c>).
/// </summary>
internal static class PackedActivations
{
    private const int OfAllLayers = 1,
        OfEachLayer = 2;

    /// <summary>The versions, for messages.</summary>
    internal static string Versions => $"{OfAllLayers} and {OfEachLayer}";

    /// <summary>Version of a file with such bits.</summary>
    internal static int VersionOf(ActivationAllocation activations) =>
        activations.ByWeight.Count == 0 ? OfAllLayers : OfEachLayer;

    /// <summary>Whether this program reads a version.</summary>
    internal static bool IsVersion(int version) => version is OfAllLayers or OfEachLayer;

    /// <summary>Reads the bits of a file of a known version.</summary>
    /// <exception cref="Q2Exception">The bits are impossible, or do not go together with the version.</exception>
    internal static ActivationAllocation Read(ForeignValue root)
    {
        int? common = root["activation_bits"].IntOrNull();
        if (common is < ActivationAllocation.MinBits or > ActivationAllocation.MaxBits)
            throw new PackedModelException($"{root.Source}: activations of {common} bits; 2 to 8 are possible.");
        var byWeight = ActivationAllocation.FromJson(root["activations"]);
        int version = root["version"].Int();
        if (version != VersionOf(byWeight) || (common is not null && !byWeight.IsNone))
        {
            throw new PackedModelException(
                $"{root.Source}: version {version} with activation_bits {root["activation_bits"]} and bits of "
                    + $"{byWeight.ByWeight.Count} layers in 'activations'; version {OfAllLayers} has no such layers, "
                    + $"version {OfEachLayer} has some and no activation_bits. Pack again."
            )
            {
                Remedy = Remedy.Pack,
            };
        }
        return byWeight.IsNone ? ActivationAllocation.Everywhere(common) : byWeight;
    }
}
