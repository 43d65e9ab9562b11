using Xunit;

namespace Qua2SeDiMo.Cli.Tests;

/// <summary>Inconsistent folders are rejected with messages that a user can act on.</summary>
public sealed class HostileFolderTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-hostile-");

    private string Denoiser => Path.Combine(folder.FullName, "transformer");

    private string Weights => Path.Combine(Denoiser, "diffusion_pytorch_model.safetensors");

    [Fact]
    public async Task A_folder_that_is_not_there() =>
        (await Q2.RunAsync("inspect", "/no/such/folder")).Refused("/no/such/folder", "no such folder");

    [Fact]
    public async Task A_folder_without_an_index() =>
        (await Q2.RunAsync("inspect", folder.FullName)).Refused("model_index.json");

    [Fact]
    public async Task A_shard_that_is_not_there()
    {
        MakeModel();
        File.Delete(Weights);
        File.WriteAllText(
            Path.Combine(Denoiser, "diffusion_pytorch_model.safetensors.index.json"),
            """{"metadata": {}, "weight_map": {"pos_embed.proj.weight": "diffusion_pytorch_model-00001-of-00002.safetensors"}}"""
        );
        (await Q2.RunAsync("inspect", folder.FullName)).Refused("diffusion_pytorch_model-00001-of-00002.safetensors");
    }

    [Fact]
    public async Task Weights_that_are_only_there_as_a_pickle()
    {
        MakeModel();
        File.Move(Weights, Path.Combine(Denoiser, "diffusion_pytorch_model.bin"));
        (await Q2.RunAsync("inspect", folder.FullName)).Refused("safetensors");
    }

    [Theory]
    [InlineData("model_index.json")]
    [InlineData("transformer/config.json")]
    public async Task A_configuration_that_is_not_JSON(string file)
    {
        MakeModel();
        File.WriteAllText(Path.Combine(folder.FullName, file), "{\"_class_name\": ");
        (await Q2.RunAsync("inspect", folder.FullName, "--json")).Refused(Path.GetFileName(file), "JSON");
    }

    [Fact]
    public async Task Weights_that_end_early()
    {
        MakeModel();
        File.Delete(Weights);
        File.WriteAllBytes(
            Weights,
            File.ReadAllBytes(Path.Combine(BankedRun.Model, "transformer", Path.GetFileName(Weights)))[..100_000]
        );
        (await Q2.RunAsync("inspect", folder.FullName)).Refused(Path.GetFileName(Weights));
    }

    [Fact]
    public async Task A_component_that_is_not_there()
    {
        MakeModel();
        Directory.Delete(Path.Combine(folder.FullName, "vae"), recursive: true);
        (await Q2.RunAsync("inspect", folder.FullName)).Refused("vae");
    }

    [Fact]
    public async Task A_pipeline_of_another_kind()
    {
        MakeModel();
        string index = Path.Combine(folder.FullName, "model_index.json");
        File.WriteAllText(
            index,
            File.ReadAllText(index)
                .Replace("PixArtAlphaPipeline", "TeaPotPipeline", StringComparison.Ordinal)
                .Replace("PixArtSigmaPipeline", "TeaPotPipeline", StringComparison.Ordinal)
        );
        (
            await Q2.RunAsync(
                "generate",
                folder.FullName,
                "--prompt",
                "a teapot",
                "--out",
                Path.Combine(folder.FullName, "out")
            )
        ).Refused("TeaPotPipeline", "PixArt");
    }

    public void Dispose() => folder.Delete(recursive: true);

    // Copies the bundled model; its large files become links.
    private void MakeModel()
    {
        foreach (string file in Directory.EnumerateFiles(BankedRun.Model, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(folder.FullName, Path.GetRelativePath(BankedRun.Model, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (file.EndsWith(".json", StringComparison.Ordinal))
                File.Copy(file, target);
            else
                File.CreateSymbolicLink(target, file);
        }
    }
}
