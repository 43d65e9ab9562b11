using CsCheck;
using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Xunit;

namespace Qua2SeDiMo.Tests.Diffusion;

public sealed class PipelinePartsTests
{
    [Fact]
    public void Packed_latents_unpack_to_themselves() =>
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 4], Gen.Int[1, 4])
            .Sample(
                (channels, rows, columns) =>
                {
                    var shape = new LatentShape(channels, 2 * rows, 2 * columns);
                    float[] latents = [.. Enumerable.Range(0, 3 * shape.Length).Select(i => (float)i)],
                        packed = new float[latents.Length],
                        back = new float[latents.Length];
                    LatentPacking.Pack(latents, shape, packed);
                    LatentPacking.Unpack(packed, shape, back);
                    Assert.Equal(latents, back);
                }
            );

    [Fact]
    public void A_token_holds_the_square_of_each_channel()
    {
        float[] packed = new float[16];
        LatentPacking.Pack([.. Enumerable.Range(0, 16).Select(i => (float)i)], new LatentShape(2, 2, 4), packed);
        Assert.Equal([0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15], packed);
    }

    [Fact]
    public void Rows_join_along_width_and_tokens()
    {
        TensorValue a = TensorValue.Of([1f, 2, 3, 4], 1, 2, 2),
            b = TensorValue.Of([5f, 6], 1, 2, 1),
            c = TensorValue.Of([7f, 8], 1, 1, 2);
        Assert.Equal([1, 2, 5, 3, 4, 6], TensorRows.JoinWidths(a, b).Singles);
        Assert.Equal([1, 2, 3, 4, 7, 8], TensorRows.JoinTokens(a, c).Singles);
        Assert.Equal([5, 0, 6, 0], TensorRows.PadWidth(b, 2).Singles);
    }

    [Fact]
    public void Given_noise_serves_the_start_only()
    {
        var noise = new GivenNoise(new float[] { 1, 2 }, 2);
        float[] drawn = new float[2];
        noise.Draw(0, drawn);
        Assert.Equal([1, 2], drawn);
        Assert.Throws<GenerationException>(() => noise.Draw(0, drawn));
    }

    [Theory]
    [InlineData("hunyuan-dit")]
    [InlineData("stable-diffusion-xl")]
    [InlineData("flux")]
    public void An_image_depends_on_its_prompt_and_seed_not_on_its_batch(string name)
    {
        using var pipeline = new OpenPipeline(name);
        string[] prompts = ["a cat", "a dog", "a house by the sea"];
        var request = new GenerationRequest
        {
            StepCount = 2,
            Height = 64,
            Width = 64,
        };
        EncodedPrompts encoded = pipeline.Value.Encode(prompts, request);
        ImageBatch together = pipeline.Value.Generate(encoded, new SeededNoise([1, 2, 3]), request);
        ImageBatch apart = pipeline.Value.Generate(encoded, new SeededNoise([1, 2, 3]), request with { BatchSize = 2 });
        ImageBatch alone = pipeline.Value.Generate(
            pipeline.Value.Encode(prompts[2..], request),
            new SeededNoise([3]),
            request
        );
        Assert.Equal(3 * 3 * 64 * 64, together.Pixels.Length);
        Assert.Equal(together.Pixels.Length, apart.Pixels.Length);
        Assert.Equal(3 * 64 * 64, alone.Pixels.Length);
        for (int i = 0; i < together.Pixels.Length; i++)
            Assert.Equal(together.Pixels[i], apart.Pixels[i], 1e-4f);
        for (int i = 0; i < alone.Pixels.Length; i++)
            Assert.Equal(together.Image(2)[i], alone.Pixels[i], 1e-4f);
    }

    [Fact]
    public void Without_guidance_the_negative_prompt_is_not_encoded()
    {
        using var pipeline = new OpenPipeline("pixart-sigma");
        var request = new GenerationRequest
        {
            StepCount = 1,
            GuidanceScale = 1,
            Height = 64,
            Width = 64,
        };
        EncodedPrompts encoded = pipeline.Value.Encode(["a cat"], request);
        Assert.Null(encoded.Negative);
        Assert.Equal(64 * 64 * 3, pipeline.Value.Generate(encoded, new SeededNoise([1]), request).Pixels.Length);
    }

    [Fact]
    public void The_XL_model_is_told_nothing_where_no_negative_prompt_was_given_and_an_empty_one_where_it_was()
    {
        using var pipeline = new OpenPipeline("stable-diffusion-xl");
        Conditioning none = pipeline.Value.Encode(["a cat"], new GenerationRequest()).Negative!;
        Assert.All(none.Inputs["encoder_hidden_states"].Singles, value => Assert.Equal(0, value));
        Assert.All(none.Inputs["text_embeds"].Singles, value => Assert.Equal(0, value));
        Conditioning mixed = pipeline
            .Value.Encode(["a cat", "a dog"], new GenerationRequest { NegativePrompts = ["", "dark"] })
            .Negative!;
        Conditioning empty = pipeline
            .Value.Encode(["a cat"], new GenerationRequest { NegativePrompts = [""] })
            .Negative!;
        Assert.Equal(2, mixed.Count);
        Assert.Equal(empty.Inputs["text_embeds"].Singles, mixed.Rows([0])["text_embeds"].Singles);
        Assert.Contains(empty.Inputs["text_embeds"].Singles, value => value != 0);
    }

    [Fact]
    public void Slices_and_batches_keep_each_negative_prompt_beside_its_prompt()
    {
        Conditioning prompts = Numbers(10, 11, 12),
            each = Numbers(0, 1, 2),
            one = Numbers(5);
        Assert.Equal(
            [1, 2, 11, 12],
            new EncodedPrompts(prompts, each).Batch(1, 2, conditionalFirst: false)["x"].Singles
        );
        Assert.Equal(
            [11, 12, 1, 2],
            new EncodedPrompts(prompts, each).Slice(1, 2).Batch(0, 2, conditionalFirst: true)["x"].Singles
        );
        Assert.Equal(
            [5, 5, 11, 12],
            new EncodedPrompts(prompts, one).Slice(1, 2).Batch(0, 2, conditionalFirst: false)["x"].Singles
        );
        Assert.Equal(
            [2, 12],
            new EncodedPrompts(prompts, each).Slice(2, 1).Batch(0, 1, conditionalFirst: false)["x"].Singles
        );
        Assert.Equal([12], new EncodedPrompts(prompts, null).Batch(2, 1, conditionalFirst: false)["x"].Singles);

        static Conditioning Numbers(params float[] values) =>
            new(new Dictionary<string, TensorValue> { ["x"] = TensorValue.Of(values, values.Length, 1) });
    }

    [Fact]
    public void A_class_is_a_number_in_range()
    {
        using var pipeline = new OpenPipeline("dit");
        Assert.Equal(
            [7],
            pipeline.Value.Encode(["7"], new GenerationRequest()).Prompts.Inputs["class_labels"].Integers
        );
        Assert.Contains(
            "0 to 999",
            Assert.Throws<GenerationException>(() => pipeline.Value.Encode(["1000"], new GenerationRequest())).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_size_that_does_not_fit_is_refused_with_the_multiple()
    {
        using var pipeline = new OpenPipeline("flux");
        var request = new GenerationRequest { Height = 72, Width = 64 };
        Assert.Contains(
            "multiple of 16",
            Assert.Throws<GenerationException>(() => pipeline.Value.LatentShape(request)).Message,
            StringComparison.Ordinal
        );
    }

    private sealed class OpenPipeline : IDisposable
    {
        private readonly ShardedTensors denoiser;

        internal OpenPipeline(string name)
        {
            ModelFolder folder = ModelFolder.Open(RepositoryFiles.Golden($"pipelines/{name}"));
            denoiser = ShardedTensors.Open(folder.Denoiser.DirectoryPath);
            ComponentConfig config = folder.Denoiser.ReadConfig();
            Value = new DiffusionPipeline(
                new PipelineParts(
                    folder,
                    component => ShardedTensors.Open(component.DirectoryPath),
                    (height, width) =>
                        ArchitectureCatalog.Build(
                            new BuildRequest(config, denoiser) { Height = height, Width = width }
                        ),
                    new InferenceOptions()
                ),
                denoiser
            );
        }

        internal DiffusionPipeline Value { get; }

        public void Dispose()
        {
            Value.Dispose();
            denoiser.Dispose();
        }
    }
}
