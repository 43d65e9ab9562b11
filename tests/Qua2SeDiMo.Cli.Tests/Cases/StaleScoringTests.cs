using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>A study belongs to the bytes of the CLIP model and the reference features that its images were scored
/// with.</summary>
public sealed class StaleScoringTests : IDisposable
{
    private const string Clip = "../clip",
        Features = "../reference/features.safetensors";
    private readonly ModelCopy model = new();

    public StaleScoringTests()
    {
        ModelCopy.CopyFolder(Path.Combine(RepositoryFiles.Root, "models", "emoji-clip"), model.In(Clip));
        ModelCopy.CopyFolder(Path.Combine(RepositoryFiles.Root, "models", "emoji-reference"), model.In("../reference"));
    }

    public void Dispose() => model.Dispose();

    [Fact]
    public async Task A_study_is_not_continued_with_another_scoring_model_or_other_features()
    {
        string run = model.Beside("r");
        string[] study = ["study", model.Path, "--run", run, "--images", "2", "--steps", "1", "--quiet", "--trials"];
        (await Q2.RunAsync([.. study, "1"])).Succeeded();
        IReadOnlyDictionary<string, string> before = FolderBytes.Of(run);
        byte[] weights = File.ReadAllBytes(model.In($"{Clip}/model.safetensors")),
            features = File.ReadAllBytes(model.In(Features));

        model.EditTensors($"{Clip}/model.safetensors", Touch);
        (await Q2.RunAsync([.. study, "2"])).Refused("scoring model (CLIP): other tensors");
        File.WriteAllBytes(model.In($"{Clip}/model.safetensors"), weights);

        model.EditTensors(Features, Touch);
        (await Q2.RunAsync([.. study, "2"])).Refused("reference features: other tensors");
        File.WriteAllBytes(model.In(Features), features);

        (await Q2.RunAsync([.. study, "2", "--reference", "none"])).Refused("scored-by");
        Assert.Equal(before, FolderBytes.Of(run));

        // The same files at another path.
        Directory.Move(model.In(Clip), model.Beside("moved-clip"));
        (await Q2.RunAsync([.. study, "2", "--clip", model.Beside("moved-clip")])).Succeeded();
    }

    private static void Touch(Dictionary<string, StoredTensor> tensors)
    {
        string name = tensors.Keys.Order(StringComparer.Ordinal).First(key => tensors[key].Data.Length > 4);
        tensors[name] = tensors[name] with { Data = [(byte)(tensors[name].Data[0] ^ 1), .. tensors[name].Data[1..]] };
    }
}
