using System.Globalization;
using System.Text.Json.Serialization;
using Qua2SeDiMo.Labelling;

namespace Qua2SeDiMo.Measurement.Methods;

/// <summary>Method by which sensitivities are measured.</summary>
internal enum MeasureMethod
{
    /// <summary>Random cotangents and reverse passes: each pass gives effects of all weights under all
    /// options.</summary>
    Sketch,

    /// <summary>One call of the denoiser per weight and option, at states of the full-precision run.</summary>
    Call,

    /// <summary>One whole run per weight and option: the loss of similarity of the images.</summary>
    Probe,
}

/// <summary>Options of a measurement.</summary>
internal sealed record MeasureOptions
{
    /// <summary>The method. Default sketches.</summary>
    public MeasureMethod Method { get; init; }

    /// <summary>Whether a sketch measures changes of the prediction of single calls instead of changes of the final
    /// latents.</summary>
    public bool CallsOnly { get; init; }

    /// <summary>Number of random cotangents per image of a sketch. Default 4.</summary>
    public int Cotangents { get; init; } = 4;

    /// <summary>Indices of the steps at whose states single calls are measured; null for all (sketch) or the middle one
    /// (calls).</summary>
    public IReadOnlyList<int>? States { get; init; }

    /// <summary>Seed of the cotangents. Default 1.</summary>
    public ulong CotangentSeed { get; init; } = 1;

    /// <summary>Bits, 2 to 8 each and most first, that rounding the inputs of layers is scored at; calls with one weight
    /// changed leave it out. Default none, as in files of older versions.</summary>
    public IReadOnlyList<int> ActivationBits { get; init; } = [];

    /// <summary>Images with their prompts and noise, steps and guidance.</summary>
    public required StudyOptions Study { get; init; }

    /// <summary>Kind of the measured numbers.</summary>
    [JsonIgnore]
    public EffectKind Kind =>
        Method switch
        {
            MeasureMethod.Call => EffectKind.CallSquares,
            MeasureMethod.Probe => EffectKind.Losses,
            _ => CallsOnly ? EffectKind.CallProducts : EffectKind.RunProducts,
        };

    /// <summary>Bits that rounding inputs is scored at where a method scores it.</summary>
    internal static IReadOnlyList<int> DefaultActivationBits(MeasureMethod method) =>
        method == MeasureMethod.Call ? [] : [8, 6, 4];

    /// <summary>Default number of images for a method.</summary>
    public static int DefaultImages(MeasureMethod method) =>
        method switch
        {
            MeasureMethod.Call => 8,
            MeasureMethod.Probe => 2,
            _ => 32,
        };

    /// <summary>Number of cotangents per image; 1 for methods that draw none.</summary>
    internal int Draws => Method == MeasureMethod.Sketch ? Cotangents : 1;

    /// <summary>Indices of the steps to measure.</summary>
    /// <param name="steps">Number of calls of a run.</param>
    /// <exception cref="MeasurementException">A requested state is outside the run.</exception>
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

    /// <summary>Text of everything that the numbers of an image depend on besides model, settings, and the image's
    /// prompt and noise.</summary>
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
