using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Xunit;

namespace Qua2SeDiMo.Tests.Models;

public sealed class ComponentFilesTests : IDisposable
{
    private const string Stem = "diffusion_pytorch_model";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-component-");

    public void Dispose() => folder.Delete(recursive: true);

    public static TheoryData<string, string[], string, string?> Choices =>
        new()
        {
            {
                "the canonical name",
                [$"{Stem}.safetensors", $"{Stem}.fp16.safetensors", $"{Stem}.safetensors.index.fp16.json"],
                $"{Stem}.safetensors",
                null
            },
            {
                "the index before a variant",
                [$"{Stem}.fp16.safetensors", $"{Stem}.safetensors.index.json"],
                $"{Stem}.safetensors.index.json",
                null
            },
            { "one variant", [$"{Stem}.fp16.safetensors"], $"{Stem}.fp16.safetensors", "fp16" },
            {
                "a variant with an unusual name",
                [$"{Stem}.non_ema.safetensors"],
                $"{Stem}.non_ema.safetensors",
                "non_ema"
            },
            {
                "today's spelling of a variant's index",
                [$"{Stem}.safetensors.index.fp16.json", $"{Stem}.fp16-00001-of-00002.safetensors"],
                $"{Stem}.safetensors.index.fp16.json",
                "fp16"
            },
            {
                "the older spelling of it",
                [$"{Stem}.safetensors.fp16.index.json", $"{Stem}-00001-of-00002.fp16.safetensors"],
                $"{Stem}.safetensors.fp16.index.json",
                "fp16"
            },
            {
                "a variant's file before its index",
                [$"{Stem}.fp16.safetensors", $"{Stem}.safetensors.index.fp16.json"],
                $"{Stem}.fp16.safetensors",
                "fp16"
            },
            {
                "half precision before bfloat16",
                [$"{Stem}.bf16.safetensors", $"{Stem}.fp16.safetensors"],
                $"{Stem}.fp16.safetensors",
                "fp16"
            },
            {
                "a precision before another variant",
                [$"{Stem}.ema.safetensors", $"{Stem}.fp16.safetensors"],
                $"{Stem}.fp16.safetensors",
                "fp16"
            },
            {
                "no adapter or copy under another name",
                ["adapter.safetensors", "ema.safetensors", $"{Stem}_backup.safetensors", $"{Stem}.fp16.safetensors"],
                $"{Stem}.fp16.safetensors",
                "fp16"
            },
            {
                "no file that begins with a dot",
                [$"._{Stem}.safetensors", $".{Stem}.safetensors", $"{Stem}.fp16.safetensors"],
                $"{Stem}.fp16.safetensors",
                "fp16"
            },
            {
                "the library's name",
                ["model.safetensors", $"{Stem}.fp16.safetensors"],
                $"{Stem}.fp16.safetensors",
                "fp16"
            },
        };

    [Theory]
    [MemberData(nameof(Choices))]
    public void Weights_are_chosen_by_the_names_of_the_library(
        string rule,
        string[] names,
        string chosen,
        string? variant
    )
    {
        Make(names);
        ComponentFiles files = ComponentFiles.OfNetwork(folder.FullName, "diffusers");
        Assert.True(WeightForm.Safetensors == files.Form, rule);
        Assert.Equal(variant, files.Variant);
        Assert.Equal(variant is null, files.Reason is null);
        Assert.Equal(chosen, WeightCandidates.Choose(names, [Stem]).Chosen);
    }

    [Fact]
    public void The_file_goes_before_its_index_and_that_is_said()
    {
        Make($"{Stem}.safetensors", $"{Stem}.safetensors.index.json", $"{Stem}-00001-of-00001.safetensors");
        ComponentFiles files = ComponentFiles.OfNetwork(folder.FullName, "diffusers");
        Assert.Equal([$"{Stem}.safetensors"], files.Weights.Select(Path.GetFileName));
        Assert.Contains($"{Stem}.safetensors.index.json", files.Reason, StringComparison.Ordinal);
        Assert.Equal([$"{Stem}-00001-of-00001.safetensors", $"{Stem}.safetensors.index.json"], files.Unread());
    }

    [Theory]
    [InlineData("model.safetensors", "transformers", true)]
    [InlineData("model.fp16.safetensors", "transformers", true)]
    [InlineData("model.safetensors", "diffusers", false)]
    [InlineData("diffusion_pytorch_model.safetensors", "transformers", false)]
    [InlineData("model.safetensors", "my_code", true)]
    [InlineData("diffusion_pytorch_model.safetensors", "my_code", true)]
    public void Each_library_has_its_own_name(string name, string library, bool isRead)
    {
        Make(name);
        Assert.Equal(
            isRead ? WeightForm.Safetensors : WeightForm.None,
            ComponentFiles.OfNetwork(folder.FullName, library).Form
        );
    }

    [Theory]
    [InlineData(
        "several variants",
        "diffusion_pytorch_model.ema.safetensors",
        "diffusion_pytorch_model.non_ema.safetensors"
    )]
    [InlineData(
        "index that says which shard",
        "diffusion_pytorch_model-00001-of-00002.safetensors",
        "diffusion_pytorch_model-00002-of-00002.safetensors"
    )]
    [InlineData("index that says which shard", "diffusion_pytorch_model.fp16-00001-of-00001.safetensors")]
    [InlineData("adapters", "pytorch_lora_weights.safetensors", "dreamy.safetensors")]
    [InlineData("never read", "diffusion_pytorch_model.bin")]
    [InlineData("no weights")]
    public void Where_nothing_is_taken_the_message_lists_what_was_seen_and_why(string reason, params string[] names)
    {
        Make(names);
        ModelFolderException error = Assert.Throws<ModelFolderException>(() =>
            ComponentFiles.OfNetwork(folder.FullName, "diffusers").Weights
        );
        Assert.StartsWith(folder.FullName, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.All(names, name => Assert.Contains(name, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_not_read_can_be_listed()
    {
        Make(
            "config.json",
            $"{Stem}.safetensors",
            $"{Stem}.fp16.safetensors",
            $"{Stem}.bin",
            ".gitattributes",
            "README.md"
        );
        Directory.CreateDirectory(Path.Combine(folder.FullName, "old"));
        ComponentFiles files = ComponentFiles.OfNetwork(folder.FullName);
        Assert.Equal(["config.json", $"{Stem}.safetensors"], files.Read.Select(Path.GetFileName));
        Assert.Equal(["README.md", $"{Stem}.bin", $"{Stem}.fp16.safetensors", "old/"], files.Unread());
    }

    [Fact]
    public void A_tokenizer_and_a_scheduler_have_files_of_their_own()
    {
        Make(
            "vocab.json",
            "merges.txt",
            "tokenizer_config.json",
            "scheduler_config.json",
            "notes.txt",
            "model.safetensors"
        );
        ComponentFiles tokenizer = ComponentFiles.Of(
            new ModelComponent("tokenizer_2", "transformers", "CLIPTokenizer", folder.FullName)
        );
        Assert.Equal((WeightForm.None, 3), (tokenizer.Form, tokenizer.Read.Count));
        Assert.Equal(["model.safetensors", "notes.txt", "scheduler_config.json"], tokenizer.Unread());
        File.WriteAllText(Path.Combine(folder.FullName, "config.json"), """{"_class_name": "Stray"}""");
        File.WriteAllText(
            Path.Combine(folder.FullName, "scheduler_config.json"),
            """{"_class_name": "DDIMScheduler"}"""
        );
        Assert.Equal(
            "DDIMScheduler",
            new ModelComponent("scheduler", "diffusers", "DDIMScheduler", folder.FullName).ReadConfig().ClassName
        );
        Assert.Equal(
            ["scheduler_config.json"],
            ComponentFiles
                .Of(new ModelComponent("scheduler", "diffusers", "DDIMScheduler", folder.FullName))
                .Read.Select(Path.GetFileName)
        );
    }

    [Fact]
    public void A_packed_folder_and_an_export_are_told_apart_from_a_checkpoint()
    {
        Make("model.onnx", "adapter.safetensors");
        Assert.Equal(WeightForm.Program, ComponentFiles.OfNetwork(folder.FullName).Form);
        Make($"{Stem}.safetensors");
        Assert.Equal(
            (WeightForm.Safetensors, null),
            (ComponentFiles.OfNetwork(folder.FullName).Form, ComponentFiles.OfNetwork(folder.FullName).Program)
        );
        Make("q2_manifest.json", "q2_weights.safetensors");
        ComponentFiles packed = ComponentFiles.OfNetwork(folder.FullName);
        Assert.Equal((WeightForm.Packed, Path.Combine(folder.FullName, "model.onnx")), (packed.Form, packed.Program));
        Assert.Equal(
            ["model.onnx", "q2_manifest.json", "q2_weights.safetensors"],
            packed.Read.Select(Path.GetFileName)
        );
    }

    [Fact]
    public void Shards_that_are_missing_are_named()
    {
        Make("diffusion_pytorch_model-00001-of-00002.safetensors");
        File.WriteAllText(
            Path.Combine(folder.FullName, $"{Stem}.safetensors.index.json"),
            $$$"""{"weight_map": {"a": "{{{Stem}}}-00001-of-00002.safetensors", "b": "{{{Stem}}}-00002-of-00002.safetensors"}}"""
        );
        SafetensorsException error = Assert.Throws<SafetensorsException>(() =>
            ComponentFiles.OfNetwork(folder.FullName).Weights
        );
        Assert.Contains(
            $"1 of 2 shards are not there ({Stem}-00002-of-00002.safetensors)",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_link_that_leads_nowhere_is_said_to_be_one()
    {
        File.CreateSymbolicLink(
            Path.Combine(folder.FullName, $"{Stem}.safetensors"),
            Path.Combine(folder.FullName, "gone")
        );
        Assert.Contains(
            "a link to a file that is not there",
            Assert.Throws<ModelFolderException>(() => ComponentFiles.OfNetwork(folder.FullName).Weights).Message,
            StringComparison.Ordinal
        );
    }

    private void Make(params string[] names)
    {
        foreach (string name in names)
            File.WriteAllBytes(Path.Combine(folder.FullName, name), []);
    }
}
