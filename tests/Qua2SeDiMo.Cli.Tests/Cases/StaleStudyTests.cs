using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>
/// A study belongs to the bytes of its model and prompts: changed contents are rejected and named, changes without
/// effect are accepted.
/// </summary>
public sealed class StaleStudyTests(StudiedModel studied) : IClassFixture<StudiedModel>
{
    private const string Stem = "diffusion_pytorch_model";

    private static readonly Dictionary<string, (Action<ModelCopy> Change, string[] Said)> Changes = new()
    {
        ["the denoiser was trained on"] = (
            model => model.EditTensors(ModelCopy.UNet, tensors => Nudge(tensors)),
            ["denoiser (unet)", "other tensors"]
        ),
        ["the text encoder was trained on"] = (
            model => model.EditTensors(ModelCopy.TextEncoder, tensors => Nudge(tensors)),
            ["text encoder (text_encoder)", "other tensors"]
        ),
        ["the autoencoder is another"] = (
            model => model.EditTensors(ModelCopy.Vae, tensors => Nudge(tensors)),
            ["autoencoder (vae)", "other tensors"]
        ),
        ["the scheduler has another noise schedule"] = (
            model => model.Edit("scheduler/scheduler_config.json", ("beta_end", 0.02)),
            ["scheduler/scheduler_config.json changed"]
        ),
        ["the scheduler is of another class"] = (
            model => model.Edit("scheduler/scheduler_config.json", ("_class_name", "DDIMScheduler")),
            ["scheduler/scheduler_config.json changed"]
        ),
        ["the tokenizer merges otherwise"] = (SwapMerges, ["tokenizer/merges.txt changed"]),
        ["the tokenizer's vocabulary is another"] = (SwapTokens, ["tokenizer/vocab.json changed"]),
        ["the denoiser's configuration changed"] = (
            model => model.Edit("unet/config.json", ("norm_eps", 1e-4)),
            ["unet/config.json changed"]
        ),
        ["the autoencoder's configuration changed"] = (
            model => model.Edit("vae/config.json", ("scaling_factor", 0.2)),
            ["vae/config.json changed"]
        ),
        ["two things changed"] = (
            model =>
            {
                model.Edit("scheduler/scheduler_config.json", ("beta_start", 0.001));
                model.EditTensors(ModelCopy.Vae, tensors => Nudge(tensors));
            },
            ["scheduler/scheduler_config.json changed", "autoencoder (vae)"]
        ),
        ["the prompts were edited in place"] = (
            model => File.WriteAllText(StudiedModel.Prompts(model), "a red apple\na black cat\n"),
            ["prompts differ", "number 2", "a black cat"]
        ),
    };

    private static readonly Dictionary<string, Action<ModelCopy>> Looks = new()
    {
        ["nothing"] = _ => { },
        ["the weights are in shards now"] = model =>
            model.Shard(
                ModelCopy.UNet,
                $"{Stem}.safetensors.index.json",
                Stem + "-{0}-of-{1}.safetensors",
                half: false
            ),
        ["every file has another time"] = model =>
            Array.ForEach(Directory.GetFiles(model.Beside("."), "*", SearchOption.AllDirectories), SetOldTime),
        ["the tensors stand in another order"] = model =>
            model.Save(ModelCopy.Vae, model.Load(ModelCopy.Vae).Reverse().ToDictionary()),
        ["files that nobody reads stand beside"] = model =>
        {
            File.WriteAllText(model.In("README.md"), "hello");
            File.WriteAllText(model.In("unet/notes.txt"), "hello");
        },
        ["a configuration was saved anew"] = model =>
            File.WriteAllText(model.In("unet/config.json"), Reversed(File.ReadAllText(model.In("unet/config.json")))),
        ["prompts that are not used were added"] = model =>
            File.AppendAllText(StudiedModel.Prompts(model), "a yellow sun\n"),
    };

    public static TheoryData<string> ChangeNames() => [.. Changes.Keys];

    public static TheoryData<string> LookNames() => [.. Looks.Keys];

    [Theory]
    [MemberData(nameof(ChangeNames))]
    public async Task A_study_is_not_continued_when(string what)
    {
        using ModelCopy model = studied.Copy();
        Changes[what].Change(model);
        IReadOnlyDictionary<string, string> before = FolderBytes.Of(StudiedModel.Run(model));

        (await Q2.RunAsync(StudiedModel.Study(model, StudiedModel.Trials + 2))).Refused([
            .. Changes[what].Said,
            "--run",
        ]);

        Assert.Equal(before, FolderBytes.Of(StudiedModel.Run(model)));
    }

    [Theory]
    [MemberData(nameof(LookNames))]
    public async Task A_study_goes_on_though(string what)
    {
        using ModelCopy model = studied.Copy();
        byte[] pictures = File.ReadAllBytes(Path.Combine(StudiedModel.Run(model), "full-precision.safetensors"));
        Looks[what](model);

        Q2Result result = (await Q2.RunAsync(StudiedModel.Study(model, StudiedModel.Trials + 1))).Succeeded();

        Assert.Equal(StudiedModel.Trials + 1, result.Json.GetProperty("complete").GetInt32());
        Assert.Equal(pictures, File.ReadAllBytes(Path.Combine(StudiedModel.Run(model), "full-precision.safetensors")));
        Assert.Single(Directory.GetFiles(StudiedModel.Run(model), "full-precision*"));
    }

    [Fact]
    public async Task A_moved_model_and_a_moved_run_directory_go_on()
    {
        using ModelCopy model = studied.Copy();
        string moved = model.Beside("elsewhere/renamed"),
            run = model.Beside("elsewhere/runs/r2");
        Directory.CreateDirectory(Path.GetDirectoryName(run)!);
        Directory.Move(model.Path, moved);
        Directory.Move(StudiedModel.Run(model), run);

        string[] study = StudiedModel.Study(model, StudiedModel.Trials + 1, run);
        study[1] = moved;
        Q2Result result = (await Q2.RunAsync(study)).Succeeded();

        Assert.Equal(StudiedModel.Trials + 1, result.Json.GetProperty("complete").GetInt32());
    }

    [Fact]
    public async Task Two_models_of_one_name_do_not_share_the_default_run_directory()
    {
        using ModelCopy a = new("stable-diffusion-15", "a/m"),
            b = new("stable-diffusion-15", "b/m");
        b.EditTensors(ModelCopy.UNet, Nudge);
        (await Q2.RunInAsync(a.Beside("."), "bank", a.Path, "--quiet")).Succeeded();
        string run = a.Beside("runs/m");
        IReadOnlyDictionary<string, string> before = FolderBytes.Of(run);

        foreach (string verb in new[] { "bank", "graph", "study" })
        {
            (await Q2.RunInAsync(a.Beside("."), verb, b.Path, "--quiet")).Refused(
                a.Path,
                b.Path,
                "denoiser (unet)",
                "--run"
            );
            Assert.Equal(before, FolderBytes.Of(run));
        }
    }

    [Fact]
    public async Task A_run_directory_of_an_older_version_is_refused_by_that()
    {
        using ModelCopy model = studied.Copy();
        File.Delete(Path.Combine(StudiedModel.Run(model), "run.json"));
        IReadOnlyDictionary<string, string> before = FolderBytes.Of(StudiedModel.Run(model));

        foreach (string verb in new[] { "study", "bank", "fit", "explain", "plan", "pack", "report" })
        {
            (await Q2.RunAsync(verb, model.Path, "--run", StudiedModel.Run(model), "--quiet")).Refused(
                "older version",
                "--run"
            );
        }
        Assert.Equal(before, FolderBytes.Of(StudiedModel.Run(model)));
    }

    [Fact]
    public async Task Later_stages_refuse_a_study_of_another_model()
    {
        using ModelCopy model = studied.Copy();
        model.Edit("scheduler/scheduler_config.json", ("beta_end", 0.02));
        IReadOnlyDictionary<string, string> before = FolderBytes.Of(StudiedModel.Run(model));

        foreach (string verb in new[] { "fit", "report", "pack" })
        {
            (await Q2.RunAsync(verb, model.Path, "--run", StudiedModel.Run(model), "--quiet")).Refused(
                "scheduler/scheduler_config.json changed"
            );
        }
        Assert.Equal(before, FolderBytes.Of(StudiedModel.Run(model)));
    }

    [Fact]
    public async Task Images_are_generated_under_an_allocation_only_into_the_run_of_that_model()
    {
        using ModelCopy model = studied.Copy();
        model.EditTensors(ModelCopy.UNet, Nudge);
        IReadOnlyDictionary<string, string> before = FolderBytes.Of(StudiedModel.Run(model));
        File.WriteAllText(model.Beside("allocation.json"), """{"allocation": {}}""");

        (
            await Q2.RunAsync(
                "generate",
                model.Path,
                "--run",
                StudiedModel.Run(model),
                "--allocation",
                model.Beside("allocation.json"),
                "--prompt",
                "a",
                "--steps",
                "1",
                "--out",
                model.Beside("out"),
                "--quiet"
            )
        ).Refused("denoiser (unet)");
        Assert.Equal(before, FolderBytes.Of(StudiedModel.Run(model)));
    }

    private static void SetOldTime(string file) => File.SetLastWriteTimeUtc(file, new DateTime(2020, 1, 1));

    private static string Reversed(string json) =>
        new JsonObject(
            JsonNode
                .Parse(json)!
                .AsObject()
                .Reverse()
                .Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone()))
                .Prepend(new("_name_or_path", "elsewhere"))
        ).ToJsonString();

    // Flips the last bit of the first value.
    private static void Nudge(Dictionary<string, StoredTensor> tensors)
    {
        string name = tensors.Keys.First(key => tensors[key].Type == "F32");
        tensors[name] = tensors[name]
            .Map(
                (value, i) => i == 0 ? BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(value) ^ 1) : value
            );
    }

    private static void SwapMerges(ModelCopy model)
    {
        string[] lines = File.ReadAllLines(model.In("tokenizer/merges.txt"));
        (lines[1], lines[2]) = (lines[2], lines[1]);
        File.WriteAllText(model.In("tokenizer/merges.txt"), string.Join('\n', lines) + "\n");
    }

    private static void SwapTokens(ModelCopy model)
    {
        JsonObject vocabulary = JsonNode.Parse(File.ReadAllText(model.In("tokenizer/vocab.json")))!.AsObject();
        string[] tokens = [.. vocabulary.Select(pair => pair.Key).Skip(100).Take(2)];
        (int first, int second) = (vocabulary[tokens[0]]!.GetValue<int>(), vocabulary[tokens[1]]!.GetValue<int>());
        model.Edit("tokenizer/vocab.json", (tokens[0], second), (tokens[1], first));
    }
}
