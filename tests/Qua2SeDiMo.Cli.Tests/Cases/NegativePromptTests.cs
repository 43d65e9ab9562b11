using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

public sealed class NegativePromptTests
{
    [Fact]
    public async Task Each_prompt_has_its_own_negative_prompt()
    {
        using var model = new ModelCopy();
        string[] both = await Pictures(
            model,
            "both",
            "--prompt",
            "a cat",
            "--prompt",
            "a dog",
            "--negative-prompt",
            "blurry",
            "--negative-prompt",
            "dark"
        );
        string[] first = await Pictures(model, "first", "--prompt", "a cat", "--negative-prompt", "blurry");
        string[] second = await Pictures(
            model,
            "second",
            "--prompt",
            "a dog",
            "--negative-prompt",
            "dark",
            "--seed",
            "43"
        );
        string[] swapped = await Pictures(
            model,
            "swapped",
            "--prompt",
            "a cat",
            "--prompt",
            "a dog",
            "--negative-prompt",
            "dark",
            "--negative-prompt",
            "blurry"
        );
        string[] shared = await Pictures(
            model,
            "shared",
            "--prompt",
            "a cat",
            "--prompt",
            "a dog",
            "--negative-prompt",
            "blurry"
        );

        Assert.Equal(Cases.Pictures.Pixels(first[0]), Cases.Pictures.Pixels(both[0]));
        Assert.Equal(Cases.Pictures.Pixels(second[0]), Cases.Pictures.Pixels(both[1]));
        Assert.NotEqual(Cases.Pictures.Pixels(both[0]), Cases.Pictures.Pixels(swapped[0]));
        Assert.NotEqual(Cases.Pictures.Pixels(both[1]), Cases.Pictures.Pixels(swapped[1]));
        Assert.Equal(Cases.Pictures.Pixels(both[0]), Cases.Pictures.Pixels(shared[0]));
        Assert.NotEqual(Cases.Pictures.Pixels(both[1]), Cases.Pictures.Pixels(shared[1]));
    }

    [Fact]
    public async Task Files_of_prompts_may_come_from_any_editor()
    {
        using var model = new ModelCopy();
        string prompts = model.Beside("prompts.txt"),
            negatives = model.Beside("negatives.txt");
        File.WriteAllText(prompts, "\uFEFFa cat  \r\n\r\n   \r\na dog\r\n");
        File.WriteAllText(negatives, "\uFEFFblurry\r\n\r\n\r\n");

        string[] fromFiles = await Pictures(model, "files", "--prompts", prompts, "--negative-prompts", negatives);
        string[] given = await Pictures(
            model,
            "given",
            "--prompt",
            "a cat",
            "--prompt",
            "a dog",
            "--negative-prompt",
            "blurry",
            "--negative-prompt",
            ""
        );

        Assert.Equal(given.Select(Cases.Pictures.Pixels), fromFiles.Select(Cases.Pictures.Pixels));
    }

    [Fact]
    public async Task Prompts_that_are_not_text_are_refused_with_the_line()
    {
        using var model = new ModelCopy();
        string prompts = model.Beside("prompts.txt");
        File.WriteAllBytes(prompts, [(byte)'a', (byte)'\n', (byte)'c', 0xE9, (byte)'\n']);
        (await Q2.RunAsync("generate", model.Path, "--prompts", prompts, "--out", model.Beside("a"))).Refused(
            "prompts.txt",
            "UTF-8"
        );
        File.WriteAllText(prompts, "\n \r\n");
        (await Q2.RunAsync("generate", model.Path, "--prompts", prompts, "--out", model.Beside("a"))).Refused(
            "prompts.txt",
            "no prompts"
        );
    }

    [Fact]
    public async Task As_many_negative_prompts_as_fit_nowhere_are_refused_with_both_counts()
    {
        using var model = new ModelCopy();
        string[] request =
        [
            "generate",
            model.Path,
            "--prompt",
            "a",
            "--prompt",
            "b",
            "--prompt",
            "c",
            "--negative-prompt",
            "x",
            "--negative-prompt",
            "y",
            "--out",
            model.Beside("a"),
        ];
        (await Q2.RunAsync(request)).Refused("2 negative prompts", "3 prompts");
    }

    [Fact]
    public async Task An_empty_negative_prompt_is_not_the_same_as_none_to_the_XL_model_alone()
    {
        using ModelCopy xl = new("stable-diffusion-xl"),
            plain = new();
        Assert.NotEqual(
            Cases.Pictures.Pixels((await Pictures(xl, "none", "--prompt", "a cat"))[0]),
            Cases.Pictures.Pixels((await Pictures(xl, "empty", "--prompt", "a cat", "--negative-prompt", ""))[0])
        );
        Assert.Equal(
            Cases.Pictures.Pixels((await Pictures(plain, "none", "--prompt", "a cat"))[0]),
            Cases.Pictures.Pixels((await Pictures(plain, "empty", "--prompt", "a cat", "--negative-prompt", ""))[0])
        );
    }

    [Fact]
    public async Task A_pipeline_without_negative_prompts_says_so()
    {
        using ModelCopy flux = new("flux"),
            dit = new("dit");
        (
            await Q2.RunAsync(
                "generate",
                flux.Path,
                "--prompt",
                "a",
                "--negative-prompt",
                "b",
                "--out",
                flux.Beside("a")
            )
        ).Refused("FluxPipeline", "no negative prompt");
        (
            await Q2.RunAsync("generate", dit.Path, "--prompt", "1", "--negative-prompt", "b", "--out", dit.Beside("a"))
        ).Refused("DiTPipeline", "no negative prompt");
    }

    private static async Task<string[]> Pictures(ModelCopy model, string name, params string[] options)
    {
        Q2Result result = await Q2.RunAsync([
            "generate",
            model.Path,
            "--steps",
            "2",
            "--quiet",
            "--json",
            "--out",
            model.Beside(name),
            .. options,
        ]);
        return
        [
            .. result
                .Succeeded()
                .Json.GetProperty("images")
                .EnumerateArray()
                .Select(image => image.GetProperty("path").GetString()!),
        ];
    }
}
