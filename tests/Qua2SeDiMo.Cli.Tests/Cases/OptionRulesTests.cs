using System.CommandLine;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Options that contradict each other, or have no effect.</summary>
public sealed class OptionRulesTests
{
    [Theory]
    [InlineData("--entry does nothing without --allocation", "generate m --prompt a --entry x")]
    [InlineData("--run does nothing without --allocation", "generate m --prompt a --run r")]
    [InlineData("--count 2 leaves out 1 of 3", "generate m --count 2 --prompt a b c")]
    [InlineData(
        "--negative-prompt does nothing at --guidance 1",
        "generate m --prompt a --negative-prompt b --guidance 1"
    )]
    [InlineData("--negative-prompt does nothing at --guidance 0.5", "study m --negative-prompt b --guidance 0.5")]
    [InlineData("--fixed-bits and --sampler front", "study m --sampler front --fixed-bits 3.5")]
    [InlineData("--trials and --allocations", "study m --allocations a.json --trials 3")]
    [InlineData("--sampler and --allocations", "study m --allocations a.json --sampler front")]
    [InlineData("--objective and --allocations", "study m --allocations a.json --objective ssim")]
    [InlineData("--reference does nothing with --clip none", "run m --clip none --reference f.safetensors")]
    [InlineData("--early-stopping and --faithful", "fit m --early-stopping --faithful")]
    [InlineData("--early-stopping and --faithful", "run m --early-stopping --faithful")]
    [InlineData("--target is of labelled trials", "fit m --target psnr")]
    [InlineData("--own-folds is of labelled trials", "plan m --own-folds")]
    [InlineData("--bootstrap-epochs does nothing without --bootstrap", "explain m --bootstrap-epochs 3")]
    [InlineData("--bootstrap-epochs does nothing with --bootstrap 0", "explain m --bootstrap 0 --bootstrap-epochs 3")]
    [InlineData("'c' stands alone", "explain m --compare a b c")]
    [InlineData("it has op", "plan m --predictor ridge --level block")]
    [InlineData("it has whole", "run m --predictor network+ridge --level op")]
    [InlineData("--plan and --allocation", "pack m --plan 3.5 --allocation a.json")]
    [InlineData("--entry does nothing without --allocation", "pack m --entry x")]
    [InlineData("--epochs", "fit m --epochs -3")]
    [InlineData("--prompt: a value is missing", "generate m --prompt a --steps 2 --prompt")]
    [InlineData("--run: its value is empty", "bank m --run=")]
    [InlineData("--out: its value is empty", "generate m --prompt a --out=")]
    [InlineData("--clip: its value is empty", "study m --clip=")]
    public void What_does_nothing_is_refused_with_the_reason(string words, string line)
    {
        string fault = Assert.Single(Errors(line));
        Assert.Contains(words, fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("generate m --prompt a b --count 5 --sheet")]
    [InlineData("generate m --prompt a --allocation a.json --entry x --run r")]
    [InlineData("generate m --prompt a --negative-prompt b --guidance 1.5")]
    [InlineData("generate m --prompt a --guidance 0")]
    [InlineData("study m --sampler random --fixed-bits 3.5 --clip none")]
    [InlineData("study m --allocations a.json --images 4 --seed 3")]
    [InlineData("fit --trials t.csv --target psnr --own-folds")]
    [InlineData("explain --run r --bootstrap 3 --bootstrap-epochs 2 --compare a b c d")]
    [InlineData("plan m --predictor network --level block --size best")]
    [InlineData("pack m --allocation a.json --entry x --format q2,onnx")]
    [InlineData("pack m --plan 99")]
    public void What_works_together_is_taken(string line) => Assert.Empty(Errors(line));

    [Theory]
    [InlineData("study", "--objective", "frechet", "--reference", "none")]
    [InlineData("run", "--objective", "clip-cosine", "--clip", "none")]
    public async Task An_objective_that_no_trial_would_measure_is_refused_before_the_first_with_those_that_they_do(
        string verb,
        params string[] options
    )
    {
        using var model = new ModelCopy();
        string run = model.Beside("r");
        (
            await Q2.RunAsync([
                verb,
                model.Path,
                "--run",
                run,
                "--trials",
                "1",
                "--images",
                "2",
                "--steps",
                "1",
                .. options,
            ])
        ).Refused(options[1], "psnr", "ssim");
        Assert.False(Directory.Exists(run));
    }

    [Theory]
    [InlineData("file:r")]
    [InlineData("file:r?mode=memory")]
    [InlineData(":memory:")]
    [InlineData("a%20b#c;d='e\" f")]
    public async Task A_run_directory_of_any_name_is_a_path(string name)
    {
        using var model = new ModelCopy();
        string script = $"cd '{model.Beside("").TrimEnd('/')}' && exec \"$@\"";
        string[] command =
        [
            "study",
            model.Path,
            "--run",
            name,
            "--trials",
            "1",
            "--images",
            "2",
            "--steps",
            "1",
            "--clip",
            "none",
            "--json",
            "--quiet",
        ];

        (await Q2.RunInShellAsync(script, command)).Succeeded();
        Assert.True(File.Exists(Path.Combine(model.Beside(name), "study.db")));
        Assert.Equal(
            1,
            (await Q2.RunInShellAsync(script, command)).Succeeded().Json.GetProperty("complete").GetInt32()
        );
    }

    private static IReadOnlyList<string> Errors(string line)
    {
        RootCommand root = CommandTree.Create();
        (IReadOnlyList<string> words, _, string? fault) = CommandWords.Read(root, line.Split(' '));
        Assert.Null(fault);
        return [.. root.Parse(words).Errors.Select(error => error.Message)];
    }
}
