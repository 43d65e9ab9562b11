using System.CommandLine;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Cli;

/// <summary>What <c>q2 generate</c> is asked for.</summary>
internal sealed class GenerateArguments
{
    private static readonly GenerationRequest Defaults = new();
    private readonly Option<string[]> prompt = new("--prompt") { Description = "What the images show, one image each; a class number for models without text", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> prompts = new(
        "--prompts") { Description = "Text file with more prompts, one a line; blank lines are skipped" };
    private readonly Option<int?> count = new("--count") { Description = "Images; default: one per prompt. Prompts start over when there are fewer" };
    private readonly Option<string> destination = new("--out") { Description = "Folder for the files 000-PROMPT.png", DefaultValueFactory = _ => "images" };
    private readonly Option<int> steps = new("--steps") { Description = "Denoising steps", DefaultValueFactory = _ => Defaults.StepCount };
    private readonly Option<double> guidance = new("--guidance") { Description = "Scale of classifier-free guidance; 1 turns it off", DefaultValueFactory = _ => Defaults.GuidanceScale };
    private readonly Option<long> seed = new("--seed") { Description = "Image i starts from the PyTorch noise of this seed + i", DefaultValueFactory = _ => 42 };
    private readonly Option<int?> height = new("--height") { Description = "Pixels; default: the model's own" };
    private readonly Option<int?> width = new("--width") { Description = "Pixels; default: the model's own" };
    private readonly Option<int> batch = new("--batch") { Description = "Images that go through the denoiser together (memory, not results)", DefaultValueFactory = _ => Defaults.BatchSize };
    private readonly Option<string?> allocation = new("--allocation") { Description = "JSON file with an allocation: fake-quantize the weights with the bank of the run directory (made when missing)" };
    private readonly Option<string?> entry = new("--entry") { Description = "Which allocation of a file that holds several, such as plan.json or trials.json" };
    private readonly Option<int?> activationBits = new("--activation-bits") { Description = "Round activations to so many bits (2 to 8) in front of every weight, anew at each step; 16 leaves them. Default: what a packed model says, else leave them" };
    private readonly Option<WeightExecution> execution = new("--execution") { Description = "unpacked: reconstruct quantized weights in single precision, which gives the pixels of the study; packed: multiply by their codes, in a fraction of the memory", DefaultValueFactory = _ => WeightExecution.Unpacked };
    private readonly Option<bool> sheet = new("--sheet") { Description = "Also put all images on one contact sheet, sheet.png" };

    private readonly ConditioningArguments conditioning;

    internal GenerateArguments(Command command)
    {
        conditioning = new ConditioningArguments(command);
        foreach (Option option in new Option[] { prompt, prompts, count, destination, steps, guidance, seed, height, width, batch,
            allocation, entry, activationBits, execution, sheet }) command.Add(option);
        StudyArguments.AtLeast(steps, 1);
        StudyArguments.AtLeast(batch, 1);
        StudyArguments.ActivationBits(activationBits, GenerateOptions.UnroundedBits);
        command.Validators.Add(result =>
        {
            if (result.GetResult(prompt) is null && result.GetResult(prompts) is null) result.AddError("Give --prompt TEXT or --prompts FILE.");
            if (result.GetValue(count) is < 1) result.AddError("--count is below 1.");
        });
    }

    internal string Destination(ParseResult result) => result.GetValue(destination)!;

    internal GenerateOptions Read(ParseResult result)
    {
        List<string> texts = [.. result.GetValue(prompt) ?? []];
        if (result.GetValue(prompts) is { } file) texts.AddRange(PromptFile.Read(file));
        int images = result.GetValue(count) ?? texts.Count;
        return new GenerateOptions(
            [.. Enumerable.Range(0, images).Select(i => texts[i % texts.Count])],
            conditioning.Apply(result, new GenerationRequest
            {
                StepCount = result.GetValue(steps),
                GuidanceScale = result.GetValue(guidance),
                Height = result.GetValue(height),
                Width = result.GetValue(width),
                BatchSize = result.GetValue(batch),
            }, texts.Count, images),
            result.GetValue(seed), result.GetValue(sheet))
        {
            ActivationBits = result.GetValue(activationBits),
            Execution = result.GetValue(execution),
        };
    }

    internal BitAllocation? ReadAllocation(ParseResult result, LoadedModel model) =>
        result.GetValue(allocation) is { } file ? AllocationChoice.Read(file, result.GetValue(entry), [.. model.Weights.Select(weight => weight.Name)]) : null;
}
