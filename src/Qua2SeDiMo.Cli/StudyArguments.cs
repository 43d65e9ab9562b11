using System.CommandLine;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Labelling;

namespace Qua2SeDiMo.Cli;

/// <summary>Options for the generation and scoring of images, shared by the verbs that label allocations or
/// measure.</summary>
internal sealed class StudyArguments
{
    /// <summary>Largest values of the options that all verbs which generate images share.</summary>
    internal const int MaxSteps = 10_000,
        MaxGuidance = 1000,
        MaxPixels = 16_384,
        MaxBatch = 1024;

    private static readonly GenerationRequest Defaults = new();
    private readonly Option<int> images = NumberOption.Of(
        "--images",
        "Images per trial, one prompt each",
        32,
        1,
        100_000
    );
    private readonly Option<int> steps = NumberOption.Of("--steps", "Denoising steps per image", 8, 1, MaxSteps);
    private readonly Option<double> guidance = NumberOption.Of(
        "--guidance",
        "Scale of classifier-free guidance; 1 turns it off",
        Defaults.GuidanceScale,
        0,
        MaxGuidance
    );
    private readonly Option<string?> negative = new("--negative-prompt")
    {
        Description = "What guidance steers away from; Stable Diffusion XL tells an empty one from none",
    };
    private readonly Option<int?> height = NumberOption.Optional(
        "--height",
        "Image height in pixels; default: the model's own",
        1,
        MaxPixels
    );
    private readonly Option<int?> width = NumberOption.Optional(
        "--width",
        "Image width in pixels; default: the model's own",
        1,
        MaxPixels
    );
    private readonly Option<int> batch = NumberOption.Of(
        "--batch",
        "Images that go through the denoiser together: memory and speed, not results",
        Defaults.BatchSize,
        1,
        MaxBatch
    );
    private readonly Option<ulong> seed = NumberOption.Seed(
        "--seed",
        "Image i starts from the PyTorch noise of this seed + i, modulo 2^64, in every trial",
        42
    );
    private readonly Option<string?> prompts = new("--prompts")
    {
        Description =
            "Text file, one prompt a line (blank lines are skipped); default: prompts.txt found beside the model, else a built-in list",
    };
    private readonly Option<string?> clip = new("--clip")
    {
        Description =
            "Folder of a CLIPModel for scores and features; default: one found beside the model; 'none' goes without",
    };
    private readonly Option<string?> reference = new("--reference")
    {
        Description =
            "Safetensors file with image_features of real images; default: one found beside the model; 'none' goes without",
    };
    private readonly Option<int?> activationBits = NumberOption.Optional(
        "--activation-bits",
        "Quantize the input of every weight to this many bits at each step; default: leave it",
        2,
        8
    );
    private readonly Option<bool> faithful = new("--faithful")
    {
        Description = "As the published code: all images share one starting noise",
    };

    private readonly SizeArguments sizes;

    /// <param name="command">The verb.</param>
    /// <param name="forTrials">Whether the verb labels allocations. Other verbs only generate images of the unquantized
    /// model and set their number themselves.</param>
    internal StudyArguments(Command command, bool forTrials = true)
    {
        sizes = new SizeArguments(command);
        foreach (Option option in new Option[] { steps, guidance, negative, height, width, batch, seed, prompts })
            command.Add(option);
        if (!forTrials)
        {
            command.NeedsGuidance(negative, guidance);
            return;
        }
        foreach (Option option in new Option[] { images, clip, reference, activationBits, faithful })
            command.Add(option);
        command.NeedsGuidance(negative, guidance);
        command.Validators.Add(result =>
        {
            if (
                OptionRules.Words(result, clip) is [ScoringFiles.None]
                && OptionRules.Words(result, reference) is [not ScoringFiles.None]
            )
            {
                result.AddError(
                    "--reference does nothing with --clip none: its features are compared with those of a CLIP model."
                );
            }
        });
    }

    internal StudyOptions Read(ParseResult result, string modelFolder) =>
        new()
        {
            ImageCount = result.GetValue(images),
            Seed = result.GetValue(seed),
            SharedNoise = result.GetValue(faithful),
            ActivationBits = result.GetValue(activationBits),
            Generation = new GenerationRequest
            {
                StepCount = result.GetValue(steps),
                GuidanceScale = result.GetValue(guidance),
                NegativePrompts = result.GetValue(negative) is { } text ? [text] : [],
                Sizes = sizes.Read(result),
                Height = result.GetValue(height),
                Width = result.GetValue(width),
                BatchSize = result.GetValue(batch),
            },
            Scoring = ScoringFiles.Find(
                modelFolder,
                result.GetValue(clip),
                result.GetValue(reference),
                result.GetValue(prompts)
            ),
        };

    /// <summary>Whether an option of this name is on the command line, not only present by its default.</summary>
    internal static bool IsGiven(ParseResult result, string name) =>
        result.CommandResult.Command.Options.FirstOrDefault(option => option.Name == name) is { } found
        && result.GetResult(found) is { Implicit: false };
}
