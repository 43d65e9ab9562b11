using System.IO.Compression;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Clones and downloads that left a placeholder in place of a file.</summary>
public sealed class PlaceholderTests
{
    private const string Pointer =
        "version https://git-lfs.github.com/spec/v1\noid sha256:4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f\nsize "
        + "3438167540\n";
    private const string Page =
        "<!DOCTYPE html>\n<html class=\"\">\n<head><title>stable-diffusion · Hugging Face</title></head></html>\n";

    public static TheoryData<string, string> Files =>
        new()
        {
            { "stable-diffusion-15", "unet/diffusion_pytorch_model.safetensors" },
            { "stable-diffusion-15", "vae/diffusion_pytorch_model.safetensors" },
            { "stable-diffusion-15", "text_encoder/model.safetensors" },
            { "stable-diffusion-15", "tokenizer/merges.txt" },
            { "stable-diffusion-15", "tokenizer/vocab.json" },
            { "stable-diffusion-15", "unet/config.json" },
            { "stable-diffusion-15", "scheduler/scheduler_config.json" },
            { "stable-diffusion-15", "model_index.json" },
            { "pixart-alpha", "tokenizer/spiece.model" },
            { "hunyuan-dit", "tokenizer/vocab.txt" },
        };

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_is_a_pointer_of_Git_LFS_or_a_web_page(string pipeline, string file)
    {
        using ModelCopy model = new(pipeline);
        File.WriteAllText(model.In(file), Pointer);
        (await Generate(model)).Refused(Path.GetFileName(file), "Git LFS pointer", "git lfs pull", "3438167540");
        if (!file.StartsWith("unet", StringComparison.Ordinal))
            return;
        File.WriteAllText(model.In(file), "\uFEFF \n" + Page);
        (await Generate(model)).Refused(Path.GetFileName(file), "web page");
    }

    [Fact]
    public async Task An_exported_program_or_its_data_are_pointers()
    {
        using ModelCopy model = new();
        File.Delete(model.In(ModelCopy.UNet));
        string export = RepositoryFiles.Golden("onnx-exports/unet-sd15.dynamo/unet");
        foreach (string file in Directory.EnumerateFiles(export))
        {
            File.Copy(file, model.In(Path.Combine("unet", Path.GetFileName(file))), overwrite: true);
        }
        string data = model.In("unet/model.onnx.data");
        File.SetAttributes(data, FileAttributes.Normal);
        File.WriteAllText(data, Pointer);
        (await Q2.RunAsync("inspect", model.Path)).Refused(Path.GetFileName(data), "Git LFS pointer");
        File.SetAttributes(model.In("unet/model.onnx"), FileAttributes.Normal);
        File.WriteAllText(model.In("unet/model.onnx"), Pointer);
        (await Q2.RunAsync("inspect", model.Path)).Refused("model.onnx", "Git LFS pointer");
        File.WriteAllText(model.In("unet/model.onnx"), Page);
        (await Q2.RunAsync("inspect", model.Path)).Refused("model.onnx", "web page");
    }

    [Theory]
    [InlineData("Entry not found", "server's answer")]
    [InlineData(
        "Access to model runwayml/stable-diffusion is restricted. You must be authenticated to access it.",
        "server's answer"
    )]
    [InlineData("{\"error\":\"Invalid credentials in Authorization header\"}", "server's answer")]
    [InlineData("GGUF\u0003\0\0\0........", "GGUF")]
    [InlineData("PK\u0003\u0004archive/data.pkl....", "pickle")]
    [InlineData("", "empty")]
    public async Task Weights_are_something_else(string content, string words)
    {
        using ModelCopy model = new();
        File.WriteAllText(model.In(ModelCopy.UNet), content);
        (await Generate(model)).Refused("diffusion_pytorch_model.safetensors", words);
    }

    [Fact]
    public async Task A_configuration_is_a_servers_answer()
    {
        using ModelCopy model = new();
        File.WriteAllText(model.In("vae/config.json"), "{\"error\":\"Repository not found\"}");
        (await Generate(model)).Refused("vae", "server's answer");
    }

    [Fact]
    public async Task A_compressed_vocabulary_is_a_web_page()
    {
        using ModelCopy model = new();
        File.Delete(model.In("tokenizer/merges.txt"));
        using (var gzip = new GZipStream(File.Create(model.In("tokenizer/merges.txt.gz")), CompressionMode.Compress))
        {
            gzip.Write(System.Text.Encoding.UTF8.GetBytes(Page));
        }
        (await Generate(model)).Refused("merges.txt", "web page");
    }

    private static Task<Q2Result> Generate(ModelCopy model) =>
        Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--steps", "1", "--out", model.Beside("out"));
}
