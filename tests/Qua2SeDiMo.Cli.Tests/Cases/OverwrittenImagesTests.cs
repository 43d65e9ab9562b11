using System.Text.Json;
using Qua2SeDiMo.Pipelines;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Images generated into the same folder again, and metadata of images.</summary>
public sealed class OverwrittenImagesTests : IDisposable
{
    private readonly ModelCopy model = new();

    private string Folder => model.Beside("o");

    [Fact]
    public async Task The_same_prompt_with_another_seed_takes_the_next_free_number()
    {
        string first = Assert.Single(await GenerateAsync("--prompt", "a cat", "--seed", "1"));
        byte[] bytes = File.ReadAllBytes(first);

        string second = Assert.Single(await GenerateAsync("--prompt", "a cat", "--seed", "2"));
        string third = Assert.Single(await GenerateAsync("--prompt", "a dog", "--seed", "2"));

        Assert.Equal(
            ["000-a-cat.png", "001-a-cat.png", "002-a-dog.png"],
            Directory.EnumerateFileSystemEntries(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            ["000-a-cat.png", "001-a-cat.png", "002-a-dog.png"],
            new[] { first, second, third }.Select(Path.GetFileName)
        );
        Assert.Equal(bytes, File.ReadAllBytes(first));
        Assert.NotEqual(Pictures.Pixels(first), Pictures.Pixels(second));
    }

    [Fact]
    public async Task Whatever_is_there_stays_and_numbers_that_are_dates_are_not_counted_on_from()
    {
        Directory.CreateDirectory(Folder);
        string[] theirs = ["000-mine.txt", "2024-holiday.png", "sheet.png", "sheet-001.png"];
        foreach (string name in theirs)
            File.WriteAllText(Path.Combine(Folder, name), name);
        Directory.CreateDirectory(Path.Combine(Folder, "002-a-folder"));

        Q2Result result = await RunAsync("--prompt", "a cat", "a dog", "--sheet");

        Assert.Equal(["001-a-cat.png", "003-a-dog.png"], Paths(result).Select(Path.GetFileName));
        Assert.Equal("sheet-002.png", Path.GetFileName(result.Json.GetProperty("sheet").GetString()));
        Assert.All(theirs, name => Assert.Equal(name, File.ReadAllText(Path.Combine(Folder, name))));
    }

    [Fact]
    public async Task Two_processes_into_one_folder_at_once_lose_no_picture()
    {
        string[][] written = await Task.WhenAll(
            GenerateAsync("--prompt", "a cat", "--count", "6", "--batch", "1", "--seed", "1"),
            GenerateAsync("--prompt", "a cat", "--count", "6", "--batch", "1", "--seed", "101")
        );

        string[] paths = [.. written.SelectMany(paths => paths)];
        Assert.Equal(12, paths.Distinct().Count());
        Assert.Equal(12, Directory.EnumerateFileSystemEntries(Folder).Count());
        ulong[] seeds = [.. paths.Select(path => Said(path).GetProperty("seed").GetUInt64())];
        Assert.Equal([.. Enumerable.Range(1, 6).Concat(Enumerable.Range(101, 6)).Select(seed => (ulong)seed)], seeds);
    }

    [Fact]
    public async Task A_picture_says_how_it_was_made()
    {
        string path = Assert.Single(
            await GenerateAsync(
                "--prompt",
                "a cat, \"sitting\": red",
                "--negative-prompt",
                "blurry",
                "--seed",
                "18446744073709551615",
                "--guidance",
                "2.5"
            )
        );

        Dictionary<string, string> texts = PngTexts.Read(path);
        string[] lines = texts["parameters"].Split('\n');
        Assert.Equal("a cat, \"sitting\": red", lines[0]);
        Assert.Equal("Negative prompt: blurry", lines[1]);
        Assert.StartsWith("Steps: 2, Sampler: ", lines[2], StringComparison.Ordinal);
        Assert.Contains(
            ", CFG scale: 2.5, Seed: 18446744073709551615, Size: 64x64, Model hash: ",
            lines[2],
            StringComparison.Ordinal
        );
        Assert.Contains(", Model: m, ", lines[2], StringComparison.Ordinal);
        JsonElement said = Said(path);
        Assert.Equal(
            ("a cat, \"sitting\": red", "blurry"),
            (said.GetProperty("prompt").GetString(), said.GetProperty("negativePrompt").GetString())
        );
        Assert.Equal(
            (ulong.MaxValue, 2, 2.5, 64, 64),
            (
                said.GetProperty("seed").GetUInt64(),
                said.GetProperty("steps").GetInt32(),
                said.GetProperty("guidance").GetDouble(),
                said.GetProperty("height").GetInt32(),
                said.GetProperty("width").GetInt32()
            )
        );
        Assert.Matches("^[0-9a-f]{32}$", said.GetProperty("fingerprint").GetString());
        Assert.EndsWith("Scheduler", said.GetProperty("scheduler").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, said.GetProperty("allocation").ValueKind);
    }

    [Theory]
    [InlineData("Ünïcode ¿prompt? 猫 🐈")]
    [InlineData("café")]
    public async Task Any_prompt_can_be_read_back(string prompt)
    {
        string path = Assert.Single(await GenerateAsync("--prompt", prompt));
        Assert.Equal(prompt, PngTexts.Read(path)["parameters"].Split('\n')[0]);
        Assert.Equal(prompt, Said(path).GetProperty("prompt").GetString());
    }

    [Fact]
    public async Task A_picture_under_an_allocation_names_it_and_the_model_of_a_packed_one()
    {
        string file = model.Beside("mine.json"),
            run = model.Beside("r"),
            packed = model.Beside("packed");
        (await Q2.RunAsync("graph", model.Path, "--run", run, "--no-onnx", "--quiet")).Succeeded();
        string weight = FirstWeight();
        File.WriteAllText(
            file,
            $"{{\"trials\": [{{\"name\": \"one\", \"allocation\": {{\"{weight}\": \"uaq-4\"}}}}]}}"
        );
        (
            await Q2.RunAsync(
                "pack",
                model.Path,
                "--run",
                run,
                "--allocation",
                file,
                "--entry",
                "one",
                "--out",
                packed,
                "--quiet"
            )
        ).Succeeded();

        string[] paths =
        [
            .. await GenerateAsync("--prompt", "a cat", "--allocation", file, "--entry", "one", "--run", run),
            .. Paths(
                (
                    await Q2.RunAsync(
                        "generate",
                        packed,
                        "--prompt",
                        "a cat",
                        "--steps",
                        "2",
                        "--out",
                        Folder,
                        "--json",
                        "--quiet"
                    )
                ).Succeeded()
            ),
        ];

        Assert.All(
            paths,
            path =>
            {
                JsonElement allocation = Said(path).GetProperty("allocation");
                Assert.Equal("uaq-4", allocation.GetProperty("weights").GetProperty(weight).GetString());
                Assert.Equal("one", allocation.GetProperty("origin").GetProperty("entry").GetString());
                Assert.Contains("(one)", PngTexts.Read(path)["parameters"], StringComparison.Ordinal);
            }
        );
        Assert.NotEqual(
            Said(paths[0]).GetProperty("fingerprint").GetString(),
            Said(paths[1]).GetProperty("fingerprint").GetString()
        );
        Assert.Equal(Pictures.Pixels(paths[0]), Pictures.Pixels(paths[1]));
    }

    [Fact]
    public async Task A_place_where_no_folder_can_be_is_said_before_the_work()
    {
        string file = model.Beside("f");
        File.WriteAllText(file, "");
        File.CreateSymbolicLink(model.Beside("link"), model.Beside("nowhere"));
        foreach (string place in new[] { file, Path.Combine(file, "below"), model.Beside("link"), "" })
        {
            Q2Result result = (await Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--out", place)).Refused(
                place.Length > 0 ? Path.GetFileName(model.Beside("f"))[..1] : "empty"
            );
            Assert.DoesNotContain("Denoising", result.Errors, StringComparison.Ordinal);
        }
        (await Q2.RunAsync("bank", model.Path, "--run", file)).Refused("a file");
        Assert.Empty(File.ReadAllText(file));
    }

    public void Dispose() => model.Dispose();

    private static JsonElement Said(string path) => JsonDocument.Parse(PngTexts.Read(path)["q2"]).RootElement;

    private string FirstWeight()
    {
        using OpenModel loaded = OpenModel.Open(model.Path);
        return loaded.Weights[0].Name;
    }

    private static string[] Paths(Q2Result result) =>
        [.. result.Json.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("path").GetString()!)];

    private async Task<Q2Result> RunAsync(params string[] options) =>
        (
            await Q2.RunAsync([
                "generate",
                model.Path,
                "--steps",
                "2",
                "--out",
                Folder,
                "--json",
                "--quiet",
                .. options,
            ])
        ).Succeeded();

    private async Task<string[]> GenerateAsync(params string[] options) => Paths(await RunAsync(options));
}
