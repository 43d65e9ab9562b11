using Qua2SeDiMo.Json;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Measurement;

/// <summary>
/// Measured probes: the change of a metric of the images when one weight alone changes its option in a base mixture.
/// Split weights of this model appear in the file as whole weights.
/// </summary>
/// <param name="Source">Name of the file, for messages.</param>
/// <param name="Metric">Name of the metric.</param>
/// <param name="Base">Option of all other weights; null if the file does not state it.</param>
/// <param name="Losses">Loss of quality by weight and option; positive is worse, whichever way the metric is
/// better.</param>
/// <param name="Errors">Standard errors of the losses, as far as they are known.</param>
internal sealed record MeasuredProbes(
    string Source,
    string Metric,
    QuantizerSpec? Base,
    IReadOnlyDictionary<string, IReadOnlyDictionary<QuantizerSpec, double>> Losses,
    IReadOnlyDictionary<string, IReadOnlyDictionary<QuantizerSpec, double>> Errors
)
{
    // Metrics with these words in their names are better when smaller, so that an increase is a loss.
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
    /// <param name="path">JSON file with base, metric, and delta and standard_error by weight and option.</param>
    /// <param name="notes">Receives a line for every repeated key.</param>
    /// <exception cref="Q2Exception">The file is missing or of another form.</exception>
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
