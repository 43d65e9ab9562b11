using Qua2SeDiMo.Verification;
using Xunit;

namespace Qua2SeDiMo.Tests.Verification;

public sealed class VerificationRunnerTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-verify-");

    [Theory]
    [InlineData("architectures/vae-tiny", "architecture")]
    [InlineData("architectures/vae-tiny/case.json", "architecture")]
    [InlineData("pipelines/pixart-alpha", "pipeline")]
    [InlineData("allocate", "allocate")]
    [InlineData("sensitivity", "sensitivity")]
    [InlineData("real-models/pixart-alpha-xl-2-512.json", "released model")]
    [InlineData("tokenizers/t5-tiny", "tokenizer")]
    [InlineData("schedulers/lcm.json", "scheduler")]
    [InlineData("schedulers/lcm.safetensors", "scheduler")]
    [InlineData("random", "random")]
    [InlineData("quantizers/size.json", "quantizers")]
    [InlineData("metrics/ranks.json", "ranks")]
    [InlineData("metrics/frechet.json", "metrics")]
    [InlineData("images", "images")]
    [InlineData("predictor/losses/ndcg.json", "predictor")]
    public void A_case_is_told_from_its_content(string path, string kind)
    {
        VerificationReport report = VerificationRunner.Run([RepositoryFiles.Golden(path)]);

        Assert.All(report.Cases, item => Assert.Equal(kind, item.Kind));
        Assert.NotEqual(0, report.Passed);
        Assert.Equal(0, report.Failed);
        Assert.Empty(report.Unknown);
    }

    [Fact]
    public void Names_and_places_do_not_matter()
    {
        Copy("schedulers/dpmpp1", "a/b/never-seen");
        Copy("quantizers/uaq/uaq", "a/c/also-new");

        VerificationReport report = VerificationRunner.Run([folder.FullName]);

        Assert.Equal(
            ["scheduler never-seen", "quantizers also-new"],
            report.Cases.Select(item => $"{item.Kind} {item.Name}")
        );
        Assert.Equal(0, report.Failed);
    }

    [Fact]
    public void Another_value_in_a_reference_is_a_failure()
    {
        string file = Copy("schedulers/dpmpp1", "case");
        byte[] bytes = File.ReadAllBytes(Path.ChangeExtension(file, ".safetensors"));
        for (int i = bytes.Length - 400; i < bytes.Length; i += 4)
            BitConverter.GetBytes(0.25f).CopyTo(bytes, i);
        File.WriteAllBytes(Path.ChangeExtension(file, ".safetensors"), bytes);

        VerificationReport report = VerificationRunner.Run([file]);

        Assert.NotEqual(0, report.Failed);
        Assert.NotEqual(0, report.Passed);
    }

    [Fact]
    public void A_case_that_cannot_run_fails_with_the_reason_and_the_others_run()
    {
        File.Delete(Path.ChangeExtension(Copy("schedulers/dpmpp1", "broken"), ".safetensors"));
        Copy("schedulers/lcm", "whole");
        File.WriteAllText(Path.Combine(folder.FullName, "half.json"), "{\"scheduler_config\": {");
        File.WriteAllText(
            Path.Combine(folder.FullName, "other.json"),
            "{\"scheduler_config\": {\"_class_name\": \"UnheardOfScheduler\"}, \"runs\": {\"4\": {}}}"
        );
        File.Copy(
            Path.Combine(folder.FullName, "whole.safetensors"),
            Path.Combine(folder.FullName, "other.safetensors")
        );

        VerificationReport report = VerificationRunner.Run([folder.FullName]);

        Assert.Equal(["broken", "half.json", "other", "whole"], report.Cases.Select(item => item.Name));
        Assert.Equal([false, false, false, true], report.Cases.Select(item => item.Passed));
        Assert.Contains("broken.safetensors", report.Cases[0].Results[0].Detail, StringComparison.Ordinal);
        Assert.Contains("JSON", report.Cases[1].Results[0].Detail, StringComparison.Ordinal);
        Assert.Contains("UnheardOfScheduler", report.Cases[2].Results[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void What_holds_no_case_is_named_once_at_the_highest_place()
    {
        Copy("schedulers/lcm", "known/lcm");
        Directory.CreateDirectory(Path.Combine(folder.FullName, "strange", "deep"));
        File.WriteAllText(
            Path.Combine(folder.FullName, "strange", "deep", "what.json"),
            "{\"about\": \"something else\"}"
        );

        VerificationReport report = VerificationRunner.Run([folder.FullName]);

        Assert.Equal([Path.Combine(folder.FullName, "strange")], report.Unknown);
        Assert.Single(report.Cases);
    }

    [Fact]
    public void Links_that_lead_back_and_lists_in_JSON_do_no_harm()
    {
        Copy("schedulers/lcm", "known/lcm");
        Directory.CreateSymbolicLink(Path.Combine(folder.FullName, "known", "back"), folder.FullName);
        File.WriteAllText(Path.Combine(folder.FullName, "known", "list.json"), "[1, 2]");

        VerificationReport report = VerificationRunner.Run([folder.FullName]);

        Assert.Equal(0, report.Failed);
        Assert.Equal(["lcm"], report.Cases.Select(item => item.Name));
        Assert.Contains(Path.Combine(folder.FullName, "known", "list.json"), report.Unknown);
    }

    [Fact]
    public void A_case_named_twice_runs_once() =>
        Assert.Single(
            VerificationRunner
                .Run([
                    RepositoryFiles.Golden("schedulers/lcm.json"),
                    RepositoryFiles.Golden("schedulers/lcm.safetensors"),
                ])
                .Cases
        );

    [Fact]
    public void A_path_with_nothing_there_is_an_error() =>
        Assert.Throws<VerificationException>(() => VerificationRunner.Run([Path.Combine(folder.FullName, "nothing")]));

    public void Dispose() => folder.Delete(recursive: true);

    private string Copy(string golden, string name)
    {
        string target = Path.Combine(folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        foreach (string extension in new[] { ".json", ".safetensors" })
            File.Copy(RepositoryFiles.Golden(golden) + extension, target + extension);
        return target + ".json";
    }
}
