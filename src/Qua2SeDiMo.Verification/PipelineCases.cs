using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Verification;

/// <summary>
/// Whole reference pipelines: a diffusers folder with <c>pipeline.json</c> (the call) and <c>reference.safetensors</c>
/// (inputs and outputs of each component), or a folder of such folders. Compares token ids, the denoiser's conditions,
/// its first output, the latents of every step and the image.
/// </summary>
internal static class PipelineCases
{
    /// <summary>Checks every pipeline.</summary>
    public static IReadOnlyList<VerificationResult> Verify(string path)
    {
        string[] folders = File.Exists(Path.Combine(path, "pipeline.json"))
            ? [path]
            :
            [
                .. Directory
                    .EnumerateDirectories(path)
                    .Where(folder => File.Exists(Path.Combine(folder, "pipeline.json")))
                    .Order(StringComparer.Ordinal),
            ];
        return
        [
            .. folders.SelectMany(folder => Comparison.Guard(Path.GetFileName(folder), () => VerifyFolder(folder))),
        ];
    }

    private static List<VerificationResult> VerifyFolder(string path)
    {
        ComponentConfig description = ComponentConfig.Read(Path.Combine(path, "pipeline.json"));
        using SafetensorsFile reference = SafetensorsFile.Open(Path.Combine(path, "reference.safetensors"));
        ModelFolder folder = ModelFolder.Open(path);
        var call = new PipelineCall(description.Object("call"), folder.PipelineClass);
        using ITensorSource denoiser = ShardedTensors.Open(folder.Denoiser.DirectoryPath);
        ComponentConfig config = folder.Denoiser.ReadConfig();
        var parts = new PipelineParts(
            folder,
            component => ShardedTensors.Open(component.DirectoryPath),
            (height, width) =>
                ArchitectureCatalog.Build(new BuildRequest(config, denoiser) { Height = height, Width = width }),
            new InferenceOptions()
        )
        {
            TextLength = call.TextLength,
        };
        using var pipeline = new DiffusionPipeline(parts, denoiser);
        return new PipelineComparison(
            Path.GetFileName(path),
            call,
            description.Object("tolerance"),
            reference,
            pipeline
        ).Run();
    }
}

/// <summary>Compares one reference pipeline with this implementation.</summary>
internal sealed class PipelineComparison
{
    private readonly string caseName;
    private readonly ComponentConfig tolerance;
    private readonly SafetensorsFile reference;
    private readonly DiffusionPipeline pipeline;
    private readonly GenerationRequest request;
    private readonly IReadOnlyList<string> prompts;
    private readonly LatentShape shape;
    private readonly List<VerificationResult> results = [];

    public PipelineComparison(
        string caseName,
        PipelineCall call,
        ComponentConfig tolerance,
        SafetensorsFile reference,
        DiffusionPipeline pipeline
    )
    {
        (this.caseName, this.reference, this.pipeline, this.tolerance) = (caseName, reference, pipeline, tolerance);
        (prompts, request) = (call.Prompts, call.Request);
        shape = pipeline.LatentShape(request);
    }

    public List<VerificationResult> Run()
    {
        CompareTokens();
        EncodedPrompts encoded = InTurns(pipeline.Encode(prompts, request));
        CompareConditions(encoded);
        ImageBatch images = pipeline.Generate(
            encoded,
            new StoredNoise(reference, shape),
            request,
            CompareStep,
            null,
            CancellationToken.None
        );
        results.Add(
            Comparison.Of(
                caseName,
                "image",
                reference.ReadSingle("image"),
                images.Pixels,
                tolerance.Number("image_max_abs_difference", 1e-3)
            )
        );
        return results;
    }

    // For several prompts, diffusers repeats the pair of rows with sizes as a whole, so that negative and positive
    // sizes alternate over both halves of the batch. This project gives each image the sizes of a call for that image
    // alone. For the comparison, the order of diffusers is reproduced.
    private EncodedPrompts InTurns(EncodedPrompts encoded)
    {
        const string Sizes = "time_ids";
        if (request.Sizes is not { HasNegative: true } || encoded.Negative is not { } negative)
            return encoded;
        int[] both = [.. Enumerable.Range(0, 2 * prompts.Count).Select(row => row % 2 == 0 ? 0 : negative.Count)];
        TensorValue turns = negative.Append(encoded.Prompts).Rows(both)[Sizes];
        var rows = new Conditioning(new Dictionary<string, TensorValue> { [Sizes] = turns });
        int[] repeated = [.. prompts.Select((_, i) => negative.Count == 1 ? 0 : i)];
        return new EncodedPrompts(With(encoded.Prompts.Inputs, prompts.Count), With(negative.Rows(repeated), 0));

        Conditioning With(IReadOnlyDictionary<string, TensorValue> inputs, int start) =>
            new(
                new Dictionary<string, TensorValue>(inputs)
                {
                    [Sizes] = rows.Rows([.. Enumerable.Range(start, prompts.Count)])[Sizes],
                }
            );
    }

    // The reference calls each encoder for the prompts and then, with guidance, for the negative prompts.
    private void CompareTokens()
    {
        IPipelineFamily family = pipeline.Family;
        IReadOnlyList<string> given = request.NegativePrompts;
        IReadOnlyList<string> negative =
            given.Count > 1 ? given : [.. prompts.Select(_ => given.Count == 1 ? given[0] : "")];
        foreach (TextEncoder encoder in family.Encoders)
        {
            for (int call = 0; call < 2; call++)
            {
                string key = $"{encoder.Component}.call{call}";
                if (!reference.Tensors.ContainsKey($"{key}.input_ids"))
                    continue;
                TokenBatch tokens = encoder.Tokenize([.. (call == 0 ? prompts : negative).Select(family.Prepare)]);
                CompareIntegers($"{key}.input_ids", tokens.Ids.Integers);
                if (reference.Tensors.ContainsKey($"{key}.attention_mask"))
                    CompareIntegers($"{key}.attention_mask", tokens.Mask.Integers);
            }
        }
    }

    // The reference may have fewer rows, since some pipelines encode a negative prompt only once; the actual rows must
    // then repeat them.
    private void CompareIntegers(string name, long[] actual)
    {
        long[] expected = reference.ReadInt64(name);
        int wrong = expected.Zip(actual).Count(pair => pair.First != pair.Second);
        bool isEqual = wrong == 0 && expected.Length <= actual.Length && actual.Length % expected.Length == 0;
        results.Add(
            new VerificationResult(
                caseName,
                name,
                wrong,
                wrong,
                0,
                isEqual,
                isEqual ? null : $"{wrong} of {expected.Length} integers differ"
            )
        );
    }

    private void CompareConditions(EncodedPrompts encoded)
    {
        const string Prefix = "denoiser.call0.";
        IPipelineFamily family = pipeline.Family;
        Dictionary<string, TensorValue> perText = encoded.Batch(0, prompts.Count, family.ConditionalFirst);
        Dictionary<string, TensorValue> conditions = perText
            .Concat(family.SharedInputs(shape, encoded.Prompts))
            .ToDictionary(pair => pair.Key, pair => pair.Value);
        foreach (
            string name in reference
                .Tensors.Keys.Where(key => key.StartsWith(Prefix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        )
        {
            string input = name[Prefix.Length..] switch
            {
                "image_rotary_emb.0" => "image_rotary_emb.cos",
                "image_rotary_emb.1" => "image_rotary_emb.sin",
                string other => other.Replace("added_cond_kwargs.", "", StringComparison.Ordinal),
            };
            if (!conditions.TryGetValue(input, out TensorValue? value))
                continue;
            float[] actual =
                value.Type == ElementType.Int64
                    ? Array.ConvertAll(value.Integers, integer => (float)integer)
                    : value.Singles;
            results.Add(
                Comparison.Of(
                    caseName,
                    name,
                    reference.ReadSingle(name),
                    actual,
                    tolerance.Number("prompt_embeddings", 1e-4)
                )
            );
        }
    }

    private void CompareStep(int step, TensorValue predicted, float[] latents)
    {
        if (step == 0)
        {
            float[] expected = Comparison.Slice(reference, "denoiser_outputs", 0, predicted.Singles.Length);
            results.Add(
                Comparison.Of(
                    caseName,
                    "first denoiser output",
                    expected,
                    predicted.Singles,
                    tolerance.Number("first_denoiser_output", 1e-4)
                )
            );
        }
        float[] actual = latents;
        if (pipeline.Family.PacksLatents)
            LatentPacking.Pack(latents, shape, actual = new float[latents.Length]);
        // Some pipelines keep both halves of guidance as latents; the first half belongs to the image.
        TensorInfo stored = reference.Tensors["latents"];
        float[] reached = Comparison.Slice(
            reference,
            "latents",
            stored.ElementCount / stored.Shape[0] * (step + 1),
            actual.Length
        );
        results.Add(
            Comparison.Of(
                caseName,
                $"latents after step {step}",
                reached,
                actual,
                tolerance.Number("latents_max_abs_difference", 1e-3)
            )
        );
    }

    // The noise recorded in the reference: first the initial noise, then one tensor per step.
    private sealed class StoredNoise(SafetensorsFile reference, LatentShape shape) : INoiseSource
    {
        private readonly int[] draws = new int[checked((int)reference.Tensors["initial_noise"].Shape[0])];

        public int ImageCount => draws.Length;

        public void Draw(int image, Span<float> destination)
        {
            int draw = draws[image]++;
            if (draw == 0)
                reference.ReadSingle("initial_noise", (long)image * shape.Length, destination);
            else
                reference.ReadSingle(
                    "step_noise",
                    ((long)(draw - 1) * ImageCount * shape.Length) + ((long)image * shape.Length),
                    destination
                );
        }
    }
}
