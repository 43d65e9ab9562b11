using System.CommandLine;
using System.Globalization;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies.Allocations;

namespace Qua2SeDiMo.Cli;

/// <summary>Options of <c>q2 generate</c>.</summary>
internal sealed class GenerateArguments
{
    private static readonly GenerationRequest Defaults = new();
    private readonly Option<string[]> prompt = new("--prompt")
    {
        Description = "What the images show, one image each; a class number for models without text",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string?> prompts = new("--prompts")
    {
        Description = "Text file with more prompts, one a line; blank lines are skipped",
    };
    private readonly Option<int?> count = NumberOption.Optional(
        "--count",
        "Images; default: one per prompt. Prompts start over when there are fewer",
        1,
        100_000
    );
    private readonly Option<string> destination = new("--out")
    {
        Description = "Folder for the files 000-PROMPT.png",
        DefaultValueFactory = _ => "images",
    };
    private readonly Option<int> steps = NumberOption.Of(
        "--steps",
        "Denoising steps",
        Defaults.StepCount,
        1,
        StudyArguments.MaxSteps
    );
    private readonly Option<double> guidance = NumberOption.Of(
        "--guidance",
        "Scale of classifier-free guidance; 1 turns it off",
        Defaults.GuidanceScale,
        0,
        StudyArguments.MaxGuidance
    );
    private readonly Option<ulong> seed = NumberOption.Seed(
        "--seed",
        "Image i starts from the PyTorch noise of this seed + i, modulo 2^64",
        42
    );
    private readonly Option<int?> height = NumberOption.Optional(
        "--height",
        "Pixels; default: the model's own",
        1,
        StudyArguments.MaxPixels
    );
    private readonly Option<int?> width = NumberOption.Optional(
        "--width",
        "Pixels; default: the model's own",
        1,
        StudyArguments.MaxPixels
    );
    private readonly Option<int> batch = NumberOption.Of(
        "--batch",
        "Images that go through the denoiser together: memory, not results",
        Defaults.BatchSize,
        1,
        StudyArguments.MaxBatch
    );
    private readonly Option<string?> allocation = new("--allocation")
    {
        Description =
            "JSON file with an allocation: fake-quantize the weights with the bank of the run directory (made when missing)",
    };
    private readonly Option<string?> entry = new("--entry")
    {
        Description = "Which allocation of a file that holds several, such as plan.json or trials.json",
    };
    private readonly Option<int?> activationBits = NumberOption.Optional(
        "--activation-bits",
        "Quantize the input of every weight to this many bits at each step; 16 leaves it. Default: what a packed model says, else leave it",
        2,
        8,
        GenerateOptions.UnroundedBits
    );
    private readonly Option<WeightExecution> execution = ChoiceOption.Of(
        "--execution",
        "unpacked: reconstruct quantized weights in single precision, which gives the pixels of the study; "
            + "packed: multiply by their codes, in a fraction of the memory",
        WeightExecution.Unpacked
    );
    private readonly Option<bool> sheet = new("--sheet")
    {
        Description = "Also put all images on one contact sheet, sheet.png",
    };

    private readonly ConditioningArguments conditioning;

    internal GenerateArguments(Command command)
    {
        conditioning = new ConditioningArguments(command);
        foreach (
            Option option in new Option[]
            {
                prompt,
                prompts,
                count,
                destination,
                steps,
                guidance,
                seed,
                height,
                width,
                batch,
                allocation,
                entry,
                activationBits,
                execution,
                sheet,
            }
        )
            command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(prompt) is null && result.GetResult(prompts) is null)
                result.AddError("Give --prompt TEXT or --prompts FILE.");
            int given = OptionRules.Words(result, prompt).Count;
            if (
                OptionRules.Words(result, count) is [string text]
                && int.TryParse(text, CultureInfo.InvariantCulture, out int wanted)
                && wanted > 0
                && wanted < given
            )
            {
                result.AddError(
                    $"--count {wanted} leaves out {given - wanted} of {given} prompts; give no more prompts than images."
                );
            }
        });
        command.Needs(entry, allocation, "it names one allocation of that file");
        command.NeedsGuidance(conditioning.Negative, guidance);
    }

    /// <summary>The option that names an allocation; only with it is a run directory used.</summary>
    internal Option Allocation => allocation;

    internal string Destination(ParseResult result) => result.GetValue(destination)!;

    internal GenerateOptions Read(ParseResult result)
    {
        List<string> texts = [.. result.GetValue(prompt) ?? []];
        if (result.GetValue(prompts) is { } file)
            texts.AddRange(PromptFile.Read(file));
        int images = result.GetValue(count) ?? texts.Count;
        return new GenerateOptions(
            [.. Enumerable.Range(0, images).Select(i => texts[i % texts.Count])],
            conditioning.Apply(
                result,
                new GenerationRequest
                {
                    StepCount = result.GetValue(steps),
                    GuidanceScale = result.GetValue(guidance),
                    Height = result.GetValue(height),
                    Width = result.GetValue(width),
                    BatchSize = result.GetValue(batch),
                },
                texts.Count,
                images
            ),
            result.GetValue(seed),
            result.GetValue(sheet)
        )
        {
            ActivationBits = result.GetValue(activationBits),
            Execution = result.GetValue(execution),
            AllocationOrigin = result.GetValue(allocation) is { } source
                ? AllocationChoice.Origin(source, result.GetValue(entry))
                : null,
        };
    }

    /// <summary>Bits of layers' inputs from the file of the allocation; null if it has none.</summary>
    internal ActivationAllocation? ReadActivations(ParseResult result, OpenModel model) =>
        result.GetValue(allocation) is { } file
        && AllocationChoice.ReadActivations(
            file,
            result.GetValue(entry),
            [.. model.Weights.Select(weight => weight.Name)]
        )
            is { IsNone: false } found
            ? found
            : null;

    internal BitAllocation? ReadAllocation(ParseResult result, OpenModel model) =>
        result.GetValue(allocation) is { } file
            ? AllocationChoice.Read(file, result.GetValue(entry), [.. model.Weights.Select(weight => weight.Name)])
            : null;
}
