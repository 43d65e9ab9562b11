using System.Globalization;

namespace Qua2SeDiMo.Graphs.Operations;

/// <summary>Turns positions into codes: one feature per kind of position. Stage and transformer are left out when they
/// have only one value.</summary>
internal static class PositionFeatures
{
    internal static IReadOnlyList<PositionFeature> Collect(IReadOnlyList<OperationNode> nodes)
    {
        var features = new List<PositionFeature>();
        string[] stages =
        [
            "",
            .. nodes.Select(node => node.Position.Stage).Where(stage => stage.Length > 0).Distinct(),
        ];
        if (stages.Length > 1)
        {
            features.Add(
                new PositionFeature(
                    "stage",
                    ["outside", .. stages.Skip(1)],
                    0,
                    [.. nodes.Select(node => Array.IndexOf(stages, node.Position.Stage))]
                )
            );
        }
        features.Add(Numbered("block", [.. nodes.Select(node => node.Position.Block)]));
        PositionFeature transformer = Numbered("transformer", [.. nodes.Select(node => node.Position.Transformer)]);
        if (transformer.Values.Count > 2)
            features.Add(transformer);

        // Kinds of combine nodes have the same code in every model; layer types follow in order of appearance.
        List<string> layers = [.. OperationKinds.All.Skip(1).Select(OperationKinds.Text)];
        layers.AddRange(
            nodes.Where(node => node.Kind == OperationKind.Weight).Select(node => node.Position.LayerType).Distinct()
        );
        features.Add(
            new PositionFeature("layer", layers, 0, [.. nodes.Select(node => layers.IndexOf(node.Position.LayerType))])
        );
        return features;
    }

    private static PositionFeature Numbered(string name, int[] codes) =>
        new(
            name,
            [
                "outside",
                .. Enumerable.Range(0, codes.Max() + 1).Select(code => code.ToString(CultureInfo.InvariantCulture)),
            ],
            -1,
            codes
        );
}
