using System.Globalization;
using System.Text.Json;

namespace Qua2SeDiMo.Predictors;

/// <summary>
/// Labelled trials from outside: <c>dag.json</c> (nodes with options, edges, hop nodes, folds) and <c>trials.csv</c> (columns
/// <c>target</c>, <c>avg_bits</c> and <c>options</c>, one digit per weight). The layout is in docs/formats.md.
/// </summary>
public static class ExternalStudy
{
    private static readonly string[] PositionFields = ["stage", "block", "inner_block", "layer_code"];

    /// <summary>Reads both texts.</summary>
    /// <param name="dagJson">Contents of dag.json.</param>
    /// <param name="trialsCsv">Contents of trials.csv, or null for a graph without trials.</param>
    /// <param name="targetColumn">Which column is the label, larger is better.</param>
    /// <exception cref="PredictorFormatException">A field is missing or malformed.</exception>
    public static PredictorStudy Parse(string dagJson, string? trialsCsv, string targetColumn = "target")
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(dagJson);
            JsonElement root = document.RootElement;
            JsonElement[] nodes = [.. root.GetProperty("nodes").EnumerateArray()];
            PredictorTopology topology = Topology(root, nodes);
            JsonElement[] weights = [.. nodes.Where(IsWeight)];
            OptionFeatures features = Features(root, weights);
            string[] names = [.. weights.Select((node, w) => node.TryGetProperty("name", out JsonElement name) ? name.GetString()! : $"weight {w}")];
            IReadOnlyList<IReadOnlyList<int>>? folds = root.TryGetProperty("folds", out JsonElement listed) && listed.ValueKind == JsonValueKind.Array
                ? [.. listed.EnumerateArray().Select(fold => Integers(fold))] : null;
            return new PredictorStudy(topology, features, trialsCsv is null ? [] : Trials(trialsCsv, features, targetColumn), names, folds);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new PredictorFormatException($"The study's graph or trials cannot be read: {error.Message} The layout is described in docs/formats.md.", error);
        }
    }

    private static bool IsWeight(JsonElement node) => node.GetProperty("kind").GetString() == "weight";

    private static int[] Integers(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetInt32())];

    // Either named features with a code per node (docs/formats.md), or one field per feature.
    private static (PositionColumn[] Columns, int[] Codes) Positions(JsonElement root, JsonElement[] nodes)
    {
        if (root.TryGetProperty("positions", out JsonElement listed) && listed.ValueKind == JsonValueKind.Array)
        {
            PositionColumn[] named = [.. listed.EnumerateArray().Select(feature => new PositionColumn(
                feature.GetProperty("name").GetString()!, feature.GetProperty("values").GetArrayLength(), -feature.GetProperty("first_code").GetInt32()))];
            return (named, [.. nodes.SelectMany(node => Integers(node.GetProperty("position_codes")))]);
        }
        string[] fields = [.. PositionFields.Where(field => nodes.Any(node => node.TryGetProperty(field, out _)))];
        int[] codes = [.. nodes.SelectMany(node => fields.Select(field => node.TryGetProperty(field, out JsonElement code) ? code.GetInt32() : -1))];
        return ([.. fields.Select((field, p) =>
        {
            int[] column = [.. Enumerable.Range(0, nodes.Length).Select(v => codes[(v * fields.Length) + p])];
            int shift = Math.Max(0, -column.Min());
            return new PositionColumn(field == "layer_code" ? "layer" : field, column.Max() + shift + 1, shift);
        })], codes);
    }

    private static PredictorTopology Topology(JsonElement root, JsonElement[] nodes)
    {
        (PositionColumn[] positions, int[] codes) = Positions(root, nodes);
        int weight = 0;
        int[] weightOfNode = [.. nodes.Select(node => IsWeight(node) ? weight++ : -1)];
        (int, int)[] edges = [.. root.GetProperty("edges").EnumerateArray().Select(edge => (edge[0].GetInt32(), edge[1].GetInt32()))];
        JsonElement hops = root.GetProperty("hop_nodes");
        IReadOnlyList<int>?[] hopNodes = [.. Enumerable.Range(0, PredictorTopology.HopCount).Select(m =>
            hops.TryGetProperty(m.ToString(CultureInfo.InvariantCulture), out JsonElement listed) && listed.ValueKind == JsonValueKind.Array
                ? (IReadOnlyList<int>)Integers(listed) : null)];
        return new PredictorTopology(weightOfNode, positions, codes, edges, hopNodes);
    }

    private static OptionFeatures Features(JsonElement root, JsonElement[] weights)
    {
        string[] order = [.. root.GetProperty("option_order").EnumerateArray().Select(option => option.GetString()!)];
        JsonElement methods = root.GetProperty("method_codes"), bits = root.GetProperty("bit_codes");
        OptionCode[] options = [.. order.Select(name =>
        {
            int cut = name.LastIndexOf('-');
            return new OptionCode(name, methods.GetProperty(name[..cut]).GetInt32(), bits.GetProperty(name[(cut + 1)..]).GetInt32());
        })];
        var original = new List<long>();
        var quantized = new List<long>();
        var errors = new List<double>();
        foreach (JsonElement node in weights)
        {
            Dictionary<string, JsonElement> listed = node.GetProperty("options").EnumerateArray().ToDictionary(option => option.GetProperty("option").GetString()!);
            original.Add(listed[order[0]].GetProperty("original_bytes").GetInt64());
            foreach (string option in order)
            {
                quantized.Add(listed[option].GetProperty("quantized_bytes").GetInt64());
                errors.Add(listed[option].GetProperty("error").GetDouble());
            }
        }
        int originalBits = root.TryGetProperty("original_precision_bits", out JsonElement precision) ? precision.GetInt32() : 16;
        return new OptionFeatures(options, original, quantized, errors, originalBits);
    }

    private static PredictorTrial[] Trials(string csv, OptionFeatures features, string targetColumn)
    {
        string[] lines = csv.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (lines.Length == 0) throw new FormatException("trials.csv is empty.");
        string[] header = lines[0].Split(',');
        int target = Column(targetColumn), options = Column("options"), bits = Array.IndexOf(header, "avg_bits");
        return [.. lines.Skip(1).Select((line, number) =>
        {
            string[] cells = line.Split(',');
            if (cells.Length != header.Length) throw new FormatException($"trials.csv line {number + 2} has {cells.Length} cells; the header has {header.Length}.");
            int[] chosen = [.. cells[options].Select(digit => digit - '0')];
            if (chosen.Length != features.WeightCount || chosen.Any(option => option < 0 || option >= features.OptionCount))
            {
                throw new FormatException($"trials.csv line {number + 2}: 'options' needs {features.WeightCount} digits from 0 to {features.OptionCount - 1}.");
            }
            double averageBits = bits >= 0 ? Number(cells[bits]) : features.AverageBits(chosen);
            return new PredictorTrial(chosen, Number(cells[target]), averageBits);
        })];

        int Column(string name) => Array.IndexOf(header, name) is >= 0 and int at ? at
            : throw new FormatException($"trials.csv has no column '{name}'; it has {string.Join(", ", header)}.");
        static double Number(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
    }
}
