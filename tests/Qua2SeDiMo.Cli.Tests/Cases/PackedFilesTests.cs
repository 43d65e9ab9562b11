using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>A packed folder contains all files that are read, and works without the original.</summary>
public sealed class PackedFilesTests
{
    [Fact]
    public async Task A_full_clone_is_packed()
    {
        using ModelCopy plain = new(name: "plain"),
            clone = new(name: "clone");
        foreach (string file in new[] { ModelCopy.Vae, ModelCopy.TextEncoder })
        {
            Dictionary<string, StoredTensor> tensors = clone.Load(file);
            clone.Save(
                file.Replace(".safetensors", ".fp16.safetensors", StringComparison.Ordinal),
                tensors.ToDictionary(pair => pair.Key, pair => pair.Value.Half())
            );
            foreach (
                string other in new[] { "pytorch_model.bin", "flax_model.msgpack", "openvino_model.bin", "README.md" }
            )
            {
                File.WriteAllBytes(clone.In(Path.Combine(Path.GetDirectoryName(file)!, other)), new byte[100_000]);
            }
        }
        Directory.CreateDirectory(clone.In("safety_checker"));
        File.WriteAllBytes(clone.In("safety_checker/pytorch_model.bin"), new byte[500_000]);
        Directory.CreateDirectory(clone.In("feature_extractor"));
        File.WriteAllText(clone.In("feature_extractor/preprocessor_config.json"), "{}");
        File.WriteAllText(clone.In("LICENSE.txt"), "terms");
        File.WriteAllText(clone.In("README.md"), "card");
        clone.Edit(
            "model_index.json",
            ("safety_checker", new JsonArray("stable_diffusion", "StableDiffusionSafetyChecker")),
            ("feature_extractor", new JsonArray("transformers", "CLIPImageProcessor")),
            ("image_encoder", new JsonArray("transformers", "CLIPVisionModelWithProjection"))
        );

        string packed = await Pack(plain, "q2,diffusers,onnx"),
            fromClone = await Pack(clone, "q2,diffusers,onnx");
        foreach (string format in new[] { "q2", "diffusers", "onnx" })
        {
            string one = Path.Combine(packed, format),
                other = Path.Combine(fromClone, format);
            Assert.Equal(Files(one).Append("LICENSE.txt").Order(StringComparer.Ordinal), Files(other));
            JsonElement index = JsonDocument
                .Parse(File.ReadAllText(Path.Combine(other, "model_index.json")))
                .RootElement;
            Assert.All(
                ["safety_checker", "feature_extractor", "image_encoder"],
                name => Assert.Equal("[null,null]", JsonSerializer.Serialize(index.GetProperty(name)))
            );
            await Pictures.AreEqualAsync(one, other);
        }
        Directory.Delete(clone.Path, recursive: true);
        await Pictures.OfAsync(Path.Combine(fromClone, "q2"));
    }

    [Fact]
    public async Task A_download_of_variants_is_packed_under_names_that_any_reader_opens()
    {
        using ModelCopy model = new();
        model.EditTensors(
            ModelCopy.Vae,
            tensors =>
            {
                foreach (string name in tensors.Keys.ToList())
                    tensors[name] = tensors[name].Half();
            }
        );
        File.Move(model.In(ModelCopy.Vae), model.In("vae/diffusion_pytorch_model.fp16.safetensors"));
        model.Shard(ModelCopy.TextEncoder, "model.safetensors.index.fp16.json", "model.fp16-{0}-of-{1}.safetensors");
        string packed = await Pack(model, "q2");
        Assert.Equal(["config.json", "diffusion_pytorch_model.safetensors"], Files(Path.Combine(packed, "vae")));
        Assert.Equal(
            [
                "config.json",
                "model.fp16-00001-of-00002.safetensors",
                "model.fp16-00002-of-00002.safetensors",
                "model.safetensors.index.json",
            ],
            Files(Path.Combine(packed, "text_encoder"))
        );
        await Pictures.OfAsync(packed);
    }

    private static string[] Files(string folder) =>
        [
            .. Directory
                .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(folder, path))
                .Order(StringComparer.Ordinal),
        ];

    // Packs the model with four bits for every weight.
    private static async Task<string> Pack(ModelCopy model, string formats)
    {
        string run = model.Beside("run"),
            allocation = model.Beside("allocation.json"),
            packed = model.Beside("packed");
        (await Q2.RunAsync("bank", model.Path, "--run", run, "--quiet")).Succeeded();
        JsonElement weights = JsonDocument
            .Parse(File.ReadAllText(Path.Combine(run, "bank", "bank.json")))
            .RootElement.GetProperty("weights");
        File.WriteAllText(
            allocation,
            new JsonObject(
                weights
                    .EnumerateArray()
                    .Select(weight => KeyValuePair.Create(weight.GetProperty("name").GetString()!, (JsonNode?)"uaq-4"))
            ).ToJsonString()
        );
        (
            await Q2.RunAsync(
                "pack",
                model.Path,
                "--run",
                run,
                "--allocation",
                allocation,
                "--format",
                formats,
                "--out",
                packed,
                "--quiet"
            )
        ).Succeeded();
        return packed;
    }
}
