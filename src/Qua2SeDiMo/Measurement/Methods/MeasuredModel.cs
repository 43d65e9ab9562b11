using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Runs;

namespace Qua2SeDiMo.Measurement.Methods;

/// <summary>A measurement of a run with all its numbers.</summary>
/// <param name="Record">The stored record: options and tables.</param>
/// <param name="Effects">Numbers by image, cotangent, step, weight and option.</param>
/// <param name="Ties">Names of tied weights, each with the name of the weight whose option it takes.</param>
internal sealed record MeasuredModel(
    MeasurementRecord Record,
    Effects Effects,
    IReadOnlyDictionary<string, string> Ties
)
{
    /// <summary>Damages of mixtures, with tied weights merged.</summary>
    public MixtureDamage Mixtures => new(Effects.Merged(Whole), Whole);

    /// <summary>Damages of mixtures from two halves of the cotangents, or of the images if none were drawn; null if
    /// there is only one.</summary>
    public (MixtureDamage First, MixtureDamage Second)? Halves =>
        Effects.Halves() is { } halves
            ? (
                new MixtureDamage(halves.First.Merged(Whole), Whole),
                new MixtureDamage(halves.Second.Merged(Whole), Whole)
            )
            : null;

    /// <summary>Numbers of whole weights: the parts of a split weight are merged.</summary>
    public Effects WholeWeights => Effects.Merged(name => QuantizableWeight.WholeOf(Whole(name)));

    private string Whole(string name) => Ties.GetValueOrDefault(name, name);

    /// <summary>Reads the measurement of a run.</summary>
    /// <exception cref="Q2Exception">There is no measurement, or it belongs to another model or other
    /// settings.</exception>
    public static MeasuredModel Read(OpenModel model, RunDirectory run)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(run);
        MeasurementRecord record = RunFile.Read<MeasurementRecord>(run.Measurement, Remedy.Measure);
        if (record.Algorithm != AlgorithmVersion.Current)
            throw RunIdentityException.OtherVersion(run.Measurement, record.Algorithm, Remedy.Measure);
        RunIdentity.Check(model, run);
        var files = new MeasuredFiles(model, RunBank.Open(model, run), run, record.Options);
        Effects effects =
            files.ReadAll()
            ?? throw RunIdentityException.Stale(
                run.Measurement,
                "images of it are not there any more, or are of other bytes, settings or options than there are now",
                Remedy.Measure
            );
        return new MeasuredModel(record, effects, TiesOf(model));
    }

    /// <summary>Names of tied weights, each with the name of the weight whose option it takes.</summary>
    internal static Dictionary<string, string> TiesOf(OpenModel model) =>
        model
            .Weights.Where(weight => weight.TiedTo is not null)
            .ToDictionary(weight => weight.Name, weight => weight.TiedTo!, StringComparer.Ordinal);
}
