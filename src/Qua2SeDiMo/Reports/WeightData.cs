using System.Globalization;

namespace Qua2SeDiMo.Reports;

/// <summary>One option of a weight.</summary>
/// <param name="Name">Name in allocations, for instance <c>kmeans-c-4</c>.</param>
/// <param name="Label">Name for people, for instance "K-Means C, 4 bits".</param>
/// <param name="Method">Method alone, for instance "K-Means C".</param>
/// <param name="Bits">Bits of one code.</param>
public sealed record OptionData(string Name, string Label, string Method, int Bits)
{
    /// <summary>The option of a name; in graphs from outside underscores may join the words of a method.</summary>
    public static OptionData Of(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        int cut = name.LastIndexOf('-');
        int bits = cut > 0 && int.TryParse(name[(cut + 1)..], CultureInfo.InvariantCulture, out int parsed) ? parsed : 0;
        string method = (cut > 0 ? name[..cut] : name).Replace('_', '-') switch
        {
            "uaq" => "UAQ",
            "kmeans-c" => "K-Means C",
            "kmeans-a" => "K-Means A",
            string other => other,
        };
        return new OptionData(name, bits > 0 ? $"{method}, {bits} bits" : method, method, bits);
    }
}

/// <summary>A quantizable weight.</summary>
/// <param name="Name">Module path.</param>
/// <param name="Block">Group along the network, for instance "block 3"; see <see cref="WeightPlace"/>.</param>
/// <param name="Role">Operator type for people, for instance "cross-attention k"; weights of the same role are comparable.</param>
/// <param name="IsOutside">Whether it lies outside the repeated blocks (embedders, first and last layers).</param>
/// <param name="ParameterCount">Number of its elements.</param>
/// <param name="Scores">One per option in the order of <see cref="ReportData.Options"/>; null before there is a predictor.</param>
public sealed record WeightData(
    string Name, string Block, string Role, bool IsOutside, long ParameterCount, IReadOnlyList<ScoreData>? Scores = null)
{
    /// <summary>Largest minus smallest score: how much the choice of option matters; null without scores.</summary>
    internal double? Spread => Scores is { Count: > 0 } ? Scores.Max(score => score.Mean) - Scores.Min(score => score.Mean) : null;
}

/// <summary>The predicted effect of an option on the objective; larger is better, in standard deviations.</summary>
/// <param name="Mean">Score over all folds.</param>
/// <param name="Deviation">Standard deviation over folds.</param>
public sealed record ScoreData(double Mean, double Deviation);
