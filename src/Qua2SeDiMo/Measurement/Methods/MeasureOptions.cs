using System.Globalization;
using System.Text.Json.Serialization;
using Qua2SeDiMo.Labelling;

namespace Qua2SeDiMo.Measurement.Methods;

/// <summary>How sensitivities are measured.</summary>
internal enum MeasureMethod
{
    /// <summary>Random cotangents pulled back: all weights and options from one reverse pass.</summary>
    Sketch,

    /// <summary>One call of the denoiser for each weight and option, at states of the full-precision run.</summary>
    Call,

    /// <summary>A whole run for each weight and option: what the images lose.</summary>
    Probe,
}

/// <summary>What is measured, on which images.</summary>
internal sealed record MeasureOptions
{
    /// <summary>How. Default sketches.</summary>
    public MeasureMethod Method { get; init; }

    /// <summary>Whether a sketch looks at single calls alone, and not at what a call changes in the final
    /// latents.</summary>
    public bool CallsOnly { get; init; }

    /// <summary>Random cotangents for each image of a sketch. Default 4.</summary>
    public int Cotangents { get; init; } = 4;

    /// <summary>Steps at whose states single calls are looked at, from 0; null takes all for a sketch, and the middle
    /// one for calls.</summary>
    public IReadOnlyList<int>? States { get; init; }

    /// <summary>Seed of the cotangents. Default 1.</summary>
    public ulong CotangentSeed { get; init; } = 1;

    /// <summary>Images, their prompts and noise, steps and guidance.</summary>
    public required StudyOptions Study { get; init; }

    /// <summary>What the numbers are.</summary>
    [JsonIgnore]
    public EffectKind Kind =>
        Method switch
        {
            MeasureMethod.Call => EffectKind.CallSquares,
            MeasureMethod.Probe => EffectKind.Losses,
            _ => CallsOnly ? EffectKind.CallProducts : EffectKind.RunProducts,
        };

    /// <summary>Images for each method where none are asked for.</summary>
    public static int DefaultImages(MeasureMethod method) =>
        method switch
        {
            MeasureMethod.Call => 8,
            MeasureMethod.Probe => 2,
            _ => 32,
        };

    /// <summary>Numbers of each image that were drawn.</summary>
    internal int Draws => Method == MeasureMethod.Sketch ? Cotangents : 1;

    /// <summary>Steps of the numbers.</summary>
    /// <param name="steps">Calls of a run.</param>
    /// <exception cref="MeasurementException">A state is none of the run's.</exception>
    internal IReadOnlyList<int> Steps(int steps)
    {
        foreach (int state in (States ?? []).Where(state => state < 0 || state >= steps))
        {
            throw new MeasurementException(
                $"There is no state {state}: a run of these settings has {steps} calls, whose states are 0 to {steps - 1}."
            );
        }
        int[] all = [.. Enumerable.Range(0, steps)];
        return Kind switch
        {
            EffectKind.Losses => [0],
            EffectKind.CallSquares => States ?? [steps / 2],
            EffectKind.CallProducts => States ?? all,
            _ => all,
        };
    }

    /// <summary>What the numbers of an image depend on beside model, settings and the image's own prompt and
    /// noise.</summary>
    internal string Describe(int image, string bank)
    {
        string draws =
            Method == MeasureMethod.Sketch
                ? string.Create(CultureInfo.InvariantCulture, $"; cotangent seed {CotangentSeed}, image {image}")
                : "";
        string states =
            States is { } some && Kind != EffectKind.RunProducts ? $"; states {string.Join(' ', some)}" : "";
        return $"measure {Kind}{states}{draws}; bank {bank}";
    }
}
