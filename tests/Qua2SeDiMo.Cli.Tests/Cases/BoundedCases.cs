using System.Diagnostics;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Files that claim more than they contain, or are not regular files: each is rejected before memory is
/// allocated by its claims.</summary>
public sealed class BoundedCases : IDisposable
{
    private readonly ModelCopy model = new();

    [Fact]
    public async Task A_UNet_of_two_billion_channels_is_refused_with_key_and_tensor()
    {
        File.Copy(Input("memory/unet-config.json"), model.In("unet/config.json"), overwrite: true);
        (await Q2.RunAsync("inspect", model.Path)).Refused(
            "block_out_channels[0] = 2147483647",
            "conv_in.weight",
            "[8, 4, 3, 3]"
        );
    }

    [Theory]
    [InlineData("attrnull.onnx", "Relu", "'q'")]
    [InlineData("constant-without-tensor.onnx", "constant", "'value'")]
    [InlineData("convone.onnx", "Conv", "1 inputs; 2 to 3")]
    [InlineData("gemmone.onnx", "Gemm", "1 inputs; 2 to 3")]
    [InlineData("matmul-one-input.onnx", "MatMul", "1 inputs; 2 are")]
    [InlineData("where1.onnx", "Where", "1 inputs; 3 are")]
    public async Task An_exported_program_with_calls_that_cannot_be_is_refused_with_the_node(
        string file,
        params string[] words
    )
    {
        foreach (string weights in Directory.GetFiles(model.In("unet"), "*.safetensors"))
            File.Delete(weights);
        File.Copy(Input($"onnx/{file}"), model.In("unet/model.onnx"));
        (await Q2.RunAsync("inspect", model.Path)).Refused([.. words, "model.onnx"]);
    }

    [Theory]
    [InlineData("shape-overflow.dag.json", "'shape'", "w7")]
    [InlineData("surrogate.dag.json", "nodes[7].options[0].option", "not Unicode")]
    [InlineData("unit-name-number.dag.json", "units[0].name", "2147483647", "text")]
    public async Task A_graph_from_outside_that_lies_is_refused_with_the_place(string file, params string[] words) =>
        (
            await Q2.RunAsync(
                "fit",
                "--trials",
                Input("external/trials.csv"),
                "--dag",
                Input($"external/{file}"),
                "--run",
                model.Beside("run"),
                "--quiet"
            )
        ).Refused(words);

    [Fact]
    public async Task A_header_that_says_a_thing_twice_is_refused()
    {
        File.Copy(Input("safetensors-dup-field/a.safetensors"), model.In(ModelCopy.UNet), overwrite: true);
        (await Q2.RunAsync("inspect", model.Path)).Refused("'a.dtype'", "more than once");
    }

    [Theory]
    [InlineData("model_index.json")]
    [InlineData("unet/config.json")]
    [InlineData("unet/diffusion_pytorch_model.safetensors")]
    [InlineData("scheduler/scheduler_config.json")]
    [InlineData("tokenizer/vocab.json")]
    [InlineData("text_encoder/model.safetensors")]
    public async Task A_pipe_under_the_name_of_a_file_is_refused_and_never_waited_for(string name)
    {
        if (!OperatingSystem.IsLinux())
            return;
        File.Delete(model.In(name));
        using (Process made = Process.Start("mkfifo", [model.In(name)]))
            await made.WaitForExitAsync();
        (
            await Q2.RunAsync(
                "generate",
                model.Path,
                "--prompt",
                "a",
                "--steps",
                "1",
                "--out",
                model.Beside("out"),
                "--quiet"
            )
        ).Refused(Path.GetFileName(name), "empty");
    }

    [Theory]
    [InlineData("--batch", "2000000000")]
    [InlineData("--height", "1073741824")]
    public async Task Numbers_beyond_the_limits_are_refused(string option, string value) =>
        (
            await Q2.RunAsync(
                "generate",
                model.Path,
                "--prompt",
                "a",
                "--steps",
                "1",
                option,
                value,
                "--out",
                model.Beside("out"),
                "--quiet"
            )
        ).Refused(option[2..]);

    public void Dispose() => model.Dispose();

    private static string Input(string name) => Path.Combine(RepositoryFiles.Root, "tests", "hostile", name);
}
