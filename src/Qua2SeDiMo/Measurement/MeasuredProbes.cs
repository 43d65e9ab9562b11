using Qua2SeDiMo.Json;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Measurement;

/// <summary>
/// Measured probes: one weight changed at a time in a base mixture, and what a metric of the images became. A weight
/// that is split here is named whole there.
/// </summary>
/// <param name="Source">The file, for messages.</param>
/// <param name="Metric">Name of the metric; larger is better.</param>
/// <param name="Base">Option of all other weights; null where the file does not say.</param>
/// <param name="Losses">What the metric loses, by weight and option.</param>
/// <param name="Errors">Standard errors of the losses, where they are known.</param>
internal sealed record MeasuredProbes(
    string Source,
    string Metric,
    QuantizerSpec? Base,
    IReadOnlyDictionary<string, IReadOnlyDictionary<QuantizerSpec, double>> Losses,
    IReadOnlyDictionary<string, IReadOnlyDictionary<QuantizerSpec, double>> Errors
)
{
    // Of these less is better, and their change is a loss as it is.
    private static readonly string[] Distances =
    [
        "frechet",
        "kid",
        "mse",
        "rmse",
        "mae",
        "lpips",
        "dists",
        "fid",
        "error",
        "loss",
    ];

    /// <summary>Reads a file (docs/formats.md).</summary>
    /// <param name="path">JSON: base, metric, delta and standard_error by weight and option.</param>
    /// <param name="notes">Gets a line for every repeated key.</param>
    /// <exception cref="Q2Exception">It is missing or of another form.</exception>
    public static MeasuredProbes Read(string path, Notes? notes = null)
    {
        ForeignValue file = ForeignJson.Read(path, notes);
        string metric = file["metric"].TextOrNull() ?? "ssim";
        double sign = Distances.Any(distance => metric.Contains(distance, StringComparison.OrdinalIgnoreCase)) ? 1 : -1;
        QuantizerSpec? basis = file["base"].IsNull ? null : Option(file["base"], file["base"].Text());
        if (!file["delta"].IsObject || !file["delta"].Members.Any())
            throw file["delta"].Fault("an object with the change of the metric by weight and option");
        return new MeasuredProbes(
            path,
            metric,
            basis,
            Table(file["delta"], sign),
            file["standard_error"].IsNull
                ? new Dictionary<string, IReadOnlyDictionary<QuantizerSpec, double>>()
                : Table(file["standard_error"], 1)
        );
    }

    private static Dictionary<string, IReadOnlyDictionary<QuantizerSpec, double>> Table(
        ForeignValue weights,
        double sign
    )
    {
        var table = new Dictionary<string, IReadOnlyDictionary<QuantizerSpec, double>>(StringComparer.Ordinal);
        foreach ((string weight, ForeignValue options) in weights.Members)
        {
            var row = new Dictionary<QuantizerSpec, double>();
            foreach ((string name, ForeignValue value) in options.Members)
            {
                if (value.IsNull)
                    continue;
                double number = value.Number();
                row[Option(value, name)] = double.IsFinite(number)
                    ? sign * number
                    : throw value.Fault("a finite number");
            }
            table[weight] = row;
        }
        return table;
    }

    private static QuantizerSpec Option(ForeignValue at, string name) =>
        QuantizerSpec.TryParse(name, out QuantizerSpec? spec)
            ? spec
            : throw at.Error(
                $"'{name}' is no option; options are named like {string.Join(", ", QuantizerSpec.PaperOptions)}"
            );
}
