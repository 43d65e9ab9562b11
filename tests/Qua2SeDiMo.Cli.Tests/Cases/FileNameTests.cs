using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Folders whose weights have names that occur in downloads.</summary>
public sealed class FileNameTests
{
    private const string Stem = "diffusion_pytorch_model";

    [Theory]
    [InlineData($"{Stem}.safetensors.index.json", Stem + "-{0}-of-{1}.safetensors")]
    [InlineData($"{Stem}.safetensors.index.fp16.json", Stem + ".fp16-{0}-of-{1}.safetensors")]
    [InlineData($"{Stem}.safetensors.fp16.index.json", Stem + "-{0}-of-{1}.fp16.safetensors")]
    public async Task Only_a_sharded_variant_was_downloaded(string index, string pattern)
    {
        using ModelCopy whole = new(),
            sharded = new();
        whole.EditTensors(ModelCopy.UNet, Halve);
        sharded.Shard(ModelCopy.UNet, index, pattern, count: 3);
        await Pictures.AreEqualAsync(whole.Path, sharded.Path);
        Q2Result inspected = (await Q2.RunAsync("inspect", sharded.Path)).Succeeded();
        if (index.Contains("fp16", StringComparison.Ordinal))
        {
            Assert.Contains(index, inspected.Output + inspected.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Only_the_variants_of_text_encoder_and_autoencoder_were_downloaded()
    {
        using ModelCopy whole = new(),
            variants = new();
        foreach (string file in new[] { ModelCopy.TextEncoder, ModelCopy.Vae })
        {
            whole.EditTensors(file, Halve);
            variants.EditTensors(file, Halve);
            File.Move(
                variants.In(file),
                variants.In(file.Replace(".safetensors", ".fp16.safetensors", StringComparison.Ordinal))
            );
        }
        await Pictures.AreEqualAsync(whole.Path, variants.Path);
    }

    [Fact]
    public async Task Other_safetensors_files_lie_beside_the_weights()
    {
        using ModelCopy plain = new(),
            crowded = new();
        File.WriteAllText(crowded.In($"unet/._{Stem}.safetensors"), "Mac OS X resource fork");
        File.WriteAllText(crowded.In($"unet/{Stem}.safetensors.old"), "anything");
        foreach (string name in new[] { "adapter.safetensors", $"{Stem}_ema.safetensors", $"{Stem}.fp16.safetensors" })
        {
            crowded.Save($"unet/{name}", new Dictionary<string, StoredTensor> { ["a"] = StoredTensor.Single([1], 1) });
        }
        await Pictures.AreEqualAsync(plain.Path, crowded.Path);
    }

    [Fact]
    public async Task No_file_has_a_name_that_is_read()
    {
        using ModelCopy model = new();
        File.Move(model.In(ModelCopy.UNet), model.In("unet/dreamy.safetensors"));
        (await Q2.RunAsync("inspect", model.Path)).Refused("dreamy.safetensors", $"{Stem}.safetensors");
        model.Save($"unet/{Stem}.ema.safetensors", new Dictionary<string, StoredTensor>());
        model.Save($"unet/{Stem}.non_ema.safetensors", new Dictionary<string, StoredTensor>());
        (await Q2.RunAsync("inspect", model.Path)).Refused(
            $"{Stem}.ema.safetensors, {Stem}.non_ema.safetensors",
            "keep one"
        );
    }

    [Fact]
    public async Task A_shard_is_missing_or_lies_elsewhere_or_lacks_a_tensor()
    {
        using ModelCopy model = new();
        string index = $"unet/{Stem}.safetensors.index.json",
            second = $"unet/{Stem}-00002-of-00002.safetensors";
        model.Shard(ModelCopy.UNet, Path.GetFileName(index), Stem + "-{0}-of-{1}.safetensors");
        Dictionary<string, StoredTensor> tensors = model.Load(second);
        string lost = tensors.Keys.First();
        model.EditTensors(second, shard => shard.Remove(lost));
        (await Q2.RunAsync("inspect", model.Path)).Refused(lost, Path.GetFileName(second));
        File.Delete(model.In(second));
        (await Q2.RunAsync("inspect", model.Path)).Refused(Path.GetFileName(second), "download");
        File.WriteAllText(
            model.In(index),
            File.ReadAllText(model.In(index))
                .Replace(Path.GetFileName(second), "../" + Path.GetFileName(second), StringComparison.Ordinal)
        );
        (await Q2.RunAsync("inspect", model.Path)).Refused("plain file name");
    }

    private static void Halve(Dictionary<string, StoredTensor> tensors)
    {
        foreach (string name in tensors.Keys.ToList())
            tensors[name] = tensors[name].Half();
    }
}
