using System.CommandLine;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Cli;

/// <summary>How images are generated and scored: shared by the verbs that label allocations.</summary>
internal sealed class StudyArguments
{
    private static readonly GenerationRequest Defaults = new();
    private readonly Option<int> images = new("--images") { Description = "Images per trial, one prompt each", DefaultValueFactory = _ => 32 };
    private readonly Option<int> steps = new("--steps") { Description = "Denoising steps per image", DefaultValueFactory = _ => 8 };
    private readonly Option<double> guidance = new("--guidance") { Description = "Scale of classifier-free guidance; 1 turns it off", DefaultValueFactory = _ => Defaults.GuidanceScale };
    private readonly Option<string?> negative = new(
        "--negative-prompt") { Description = "What guidance steers away from; Stable Diffusion XL tells an empty one from none" };
    private readonly Option<int?> height = new("--height") { Description = "Image height in pixels; default: the model's own" };
    private readonly Option<int?> width = new("--width") { Description = "Image width in pixels; default: the model's own" };
    private readonly Option<int> batch = new("--batch") { Description = "Images that go through the denoiser together (memory and speed, not results)", DefaultValueFactory = _ => Defaults.BatchSize };
    private readonly Option<long> seed = new("--seed") { Description = "Image i starts from the PyTorch noise of this seed + i, in every trial", DefaultValueFactory = _ => 42 };
    private readonly Option<string?> prompts = new(
        "--prompts") { Description = "Text file, one prompt a line (blank lines are skipped); default: prompts.txt found beside the model, else a built-in list" };
    private readonly Option<string?> clip = new("--clip") { Description = "Folder of a CLIPModel for scores and features; default: one found beside the model; 'none' goes without" };
    private readonly Option<string?> reference = new("--reference") { Description = "Safetensors file with image_features of real images; default: one found beside the model; 'none' goes without" };
    private readonly Option<int?> activationBits = new("--activation-bits") { Description = "Round activations to so many bits (2 to 8) in front of every weight, anew at each step; default: leave them" };
    private readonly Option<bool> faithful = new("--faithful") { Description = "As the published code: all images share one starting noise" };

    private readonly SizeArguments sizes;

    internal StudyArguments(Command command)
    {
        sizes = new SizeArguments(command);
        foreach (Option option in new Option[] { images, steps, guidance, negative, height, width, batch, seed, prompts, clip, reference, activationBits, faithful }) command.Add(option);
        AtLeast(images, 1);
        AtLeast(steps, 1);
        AtLeast(batch, 1);
        ActivationBits(activationBits);
    }

    internal StudyOptions Read(ParseResult result, string modelFolder) => new()
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
        Scoring = ScoringFiles.Find(modelFolder, result.GetValue(clip), result.GetValue(reference), result.GetValue(prompts)),
    };

    /// <summary>Whether the user gave an option of this name; defaults do not count.</summary>
    internal static bool IsGiven(ParseResult result, string name) =>
        result.CommandResult.Command.Options.FirstOrDefault(option => option.Name == name) is { } found && result.GetResult(found) is { Implicit: false };

    internal static void ActivationBits(Option<int?> option, int? also = null) => option.Validators.Add(result =>
    {
        if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out int value) && value is < 2 or > 8 && value != also) result.AddError($"{option.Name} is {value}; 2 to 8 are possible.");
    });

    internal static void AtLeast(Option<int> option, int least) => option.Validators.Add(result =>
    {
        if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out int value) && value < least) result.AddError($"{option.Name} is {value}; at least {least} is needed.");
    });
}
