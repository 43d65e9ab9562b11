using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Measurement.Mixtures;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Cli;

/// <summary>The measured part of an explanation.</summary>
/// <param name="Measured">The measurement of the run; null when there is none.</param>
/// <param name="Weights">Names of the model's weights; empty when neither a measurement nor probes are given.</param>
internal sealed record MeasuredExplanation(MeasuredModel? Measured, IReadOnlyList<string> Weights)
{
    /// <summary>The measured sensitivities; null without a measurement.</summary>
    internal MeasuredSensitivity? Sensitivity => Measured?.Record.Sensitivity;

    /// <summary>Reads the measurement of a run. External trials have none.</summary>
    /// <exception cref="FormatException">Probes are given together with external trials, which have no
    /// model.</exception>
    internal static MeasuredExplanation Read(
        SourceArguments source,
        ParseResult result,
        RunDirectory run,
        bool hasProbes,
        CommandContext context
    )
    {
        if (source.IsExternal(result) && hasProbes)
            throw new FormatException(
                "--against holds a model against probes of it; trials from outside have no model FOLDER."
            );
        bool isMeasured = !source.IsExternal(result) && File.Exists(run.Measurement);
        if (!isMeasured && !hasProbes)
            return new MeasuredExplanation(null, []);
        using OpenModel model = source.Open(result, context);
        return new MeasuredExplanation(
            isMeasured ? MeasuredModel.Read(model, run) : null,
            [.. model.Weights.Select(weight => weight.Name)]
        );
    }

    /// <summary>The agreement of the run's sensitivities with probes; empty when no probes are given.</summary>
    internal IReadOnlyList<SourceAgreement> Against(
        string? probes,
        SensitivityRecord? record,
        CommandContext context
    ) =>
        probes is null
            ? []
            : MeasuredAgreement.Of(MeasuredProbes.Read(probes, context.Notes), Weights, Measured, record);

    /// <summary>The explanation as JSON: the record of fitted models, the measurement, and the agreement with
    /// probes.</summary>
    internal JsonObject ToJson(SensitivityRecord? record, IReadOnlyList<SourceAgreement> agreements)
    {
        JsonObject root = With(record, Sensitivity);
        if (agreements.Count == 0)
            return root;
        JsonObject agreement = root["agreement"] as JsonObject ?? [];
        Add(agreement, agreements[0]);
        agreement["sources"] = new JsonArray([
            .. agreements.Select(one =>
            {
                var of = new JsonObject();
                Add(of, one);
                return (JsonNode)of;
            }),
        ]);
        root["agreement"] = agreement;
        return root;
    }

    /// <summary>A result as JSON, with the measurement under "measured".</summary>
    internal static JsonObject With<T>(T? result, MeasuredSensitivity? measured)
    {
        JsonObject root = result is null ? [] : Node(result).AsObject();
        if (measured is null)
            return root;
        root["measured"] = Node(measured);
        root["measured"]!["sentences"] = Node(MeasuredWords.Of(measured));
        return root;
    }

    private static void Add(JsonObject agreement, SourceAgreement of)
    {
        agreement["source"] = of.Source;
        agreement["kendallTau"] = of.Agreement.Costs.KendallTau;
        agreement["kendallTauAboveError"] = of.Agreement.Costs.KendallTauAboveError;
        agreement["spearman"] = of.Agreement.Costs.Spearman;
        agreement["weights"] = of.Agreement.Costs.Count;
        agreement["weightsAboveError"] = of.Agreement.Costs.CountAboveError;
        agreement["allOptions"] = Node(of.Agreement.Options);
    }

    private static JsonNode Node<T>(T value) => JsonSerializer.SerializeToNode(value, CommandContext.JsonOptions)!;
}
