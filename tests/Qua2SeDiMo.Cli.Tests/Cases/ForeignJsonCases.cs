using Qua2SeDiMo.Images;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>JSON files of other programs with repeated keys, or with invalid text.</summary>
public sealed class ForeignJsonCases : IDisposable
{
    private const string Pipeline = "pixart-alpha";
    private readonly ModelCopy model = new(Pipeline);

    [Fact]
    public async Task Of_keys_that_stand_twice_the_last_counts_as_in_Python_and_it_is_said_once()
    {
        using var plain = new ModelCopy(Pipeline);
        (await Q2.RunAsync(Arguments(plain))).Succeeded();
        float[] right = Pixels(plain);
        string expected = "";
        foreach (
            (string input, string target) in new[]
            {
                ("model_index.json", "model_index.json"),
                ("transformer-config.json", "transformer/config.json"),
                ("scheduler_config.json", "scheduler/scheduler_config.json"),
                ("tokenizer_config.json", "tokenizer/tokenizer_config.json"),
            }
        )
        {
            File.Copy(Input($"dup-keys/{input}"), model.In(target), overwrite: true);
            expected += $"{target}: ";
        }
        Q2Result result = (await Q2.RunAsync(Arguments(model))).Succeeded();
        string[] notes =
        [
            .. result.Errors.Split('\n').Where(line => line.StartsWith("note: ", StringComparison.Ordinal)),
        ];
        foreach (string target in expected.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            Assert.Single(notes, note => note.Contains($"/{target} '", StringComparison.Ordinal));
        Assert.Contains(
            notes,
            note => note.Contains("'sample_size' stands more than once; the last one counts", StringComparison.Ordinal)
        );
        Assert.Equal(right, Pixels(model));
    }

    [Fact]
    public async Task Inspect_lists_its_notes_in_JSON()
    {
        File.Copy(Input("dup-keys/transformer-config.json"), model.In("transformer/config.json"), overwrite: true);
        Q2Result result = (await Q2.RunAsync("inspect", model.Path, "--json")).Succeeded();
        Assert.Contains(
            result.Json.GetProperty("notes").EnumerateArray(),
            note => note.GetString()!.Contains("'sample_size'", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("transformer-config.json", "transformer/config.json", "_class_name")]
    [InlineData("scheduler-5-18528.json", "scheduler/scheduler_config.json", "timestep_type")]
    [InlineData("arch-1-2341.json", "text_encoder/config.json", "architectures[0]")]
    [InlineData("config-1-75.json", "text_encoder/config.json", "eos_token_id")]
    public async Task Half_a_surrogate_pair_is_refused_with_its_place(string input, string target, string place)
    {
        File.Copy(Input($"surrogate/{input}"), model.In(target), overwrite: true);
        (await Q2.RunAsync(Arguments(model))).Refused(target, $"{place}: this text is not Unicode");
    }

    public void Dispose() => model.Dispose();

    private static string Input(string name) => Path.Combine(RepositoryFiles.Root, "tests", "hostile", name);

    private static string[] Arguments(ModelCopy folder) =>
        ["generate", folder.Path, "--prompt", "a red apple", "--steps", "2", "--out", folder.Beside("out"), "--quiet"];

    private static float[] Pixels(ModelCopy folder) =>
        PngFile.Decode(File.ReadAllBytes(Directory.GetFiles(folder.Beside("out"), "000-*.png").Single())).Image;
}
