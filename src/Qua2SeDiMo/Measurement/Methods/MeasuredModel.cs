using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Runs;

namespace Qua2SeDiMo.Measurement.Methods;

/// <summary>A measurement with all its numbers.</summary>
/// <param name="Record">What was kept of it.</param>
/// <param name="Effects">Numbers by image, cotangent, step, weight and option.</param>
/// <param name="Ties">Weights by name that always take the option of another one, which is named.</param>
internal sealed record MeasuredModel(
    MeasurementRecord Record,
    Effects Effects,
    IReadOnlyDictionary<string, string> Ties
)
{
    /// <summary>Damages of mixtures.</summary>
    public MixtureDamage Mixtures => new(Effects.Merged(Whole), Whole);

    /// <summary>Damages of mixtures by two halves of the cotangents, or of the images where none were drawn; null where
    /// there is one only.</summary>
    public (MixtureDamage First, MixtureDamage Second)? Halves =>
        Effects.Halves() is { } halves
            ? (
                new MixtureDamage(halves.First.Merged(Whole), Whole),
                new MixtureDamage(halves.Second.Merged(Whole), Whole)
            )
            : null;

    /// <summary>Numbers of whole weights: the parts of a split one change together.</summary>
    public Effects WholeWeights => Effects.Merged(name => QuantizableWeight.WholeOf(Whole(name)));

    private string Whole(string name) => Ties.GetValueOrDefault(name, name);

    /// <summary>The measurement of a run.</summary>
    /// <exception cref="Q2Exception">There is none, or it is of other bytes.</exception>
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

    /// <summary>Weights by name that always take the option of another one, which is named.</summary>
    internal static Dictionary<string, string> TiesOf(OpenModel model) =>
        model
            .Weights.Where(weight => weight.TiedTo is not null)
            .ToDictionary(weight => weight.Name, weight => weight.TiedTo!, StringComparer.Ordinal);
}
