using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Allocations;
using Xunit;

namespace Qua2SeDiMo.Tests.Studies;

public sealed class AllocationFileTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-allocations-");

    private static string Reference => RepositoryFiles.Models("emoji-pixart/trials/trials.json");

    [Fact]
    public void The_reference_trials_are_read_with_their_labels()
    {
        IReadOnlyList<LabelledAllocation> trials = AllocationFile.Read(Reference);
        Assert.Equal(13, trials.Count);
        Assert.Equal(BitAllocation.FullPrecision, trials[0].Allocation);
        Assert.Equal("uniform-uaq-3", trials[1].Name);
        Assert.Equal(16.407760620117188, trials[1].Metrics["psnr"]);
        Assert.Equal(1533760, trials[1].Metrics["size-bytes"]);
        Assert.All(trials[1].Allocation.Specs.Values, spec => Assert.Equal("uaq-3", spec.ToString()));
    }

    [Fact]
    public void An_allocation_made_without_splitting_means_both_parts_of_a_weight()
    {
        string path = Path.Combine(folder.FullName, "whole.json");
        File.WriteAllText(
            path,
            """[{"allocation": {"conv": "uaq-3"}}, {"allocation": {"conv": "uaq-3", "skip#1": "uaq-4"}}]"""
        );
        IReadOnlyList<LabelledAllocation> read = AllocationFile.Read(path, ["conv", "conv#1", "skip", "skip#1"]);
        Assert.Equal("uaq-3", read[0].Allocation["conv#1"]!.ToString());
        Assert.Null(read[0].Allocation["skip#1"]);
        Assert.Null(read[1].Allocation["conv#1"]);
    }

    [Fact]
    public void Labels_agree_within_their_tolerances_only()
    {
        IReadOnlyList<LabelledAllocation> reference = AllocationFile.Read(Reference);
        List<Trial> trials = [.. reference.Select(AsTrial)];
        Assert.All(LabelComparison.Compare(reference, trials), difference => Assert.True(difference.Agrees));
        trials[1] = trials[1] with
        {
            Metrics = trials[1]
                .Metrics.ToDictionary(pair => pair.Key, pair => pair.Key == "psnr" ? pair.Value + 0.31 : pair.Value),
        };
        trials[2] = trials[2] with { Metrics = new Dictionary<string, double>() };
        List<LabelDifference> wrong =
        [
            .. LabelComparison.Compare(reference, trials).Where(difference => !difference.Agrees),
        ];
        Assert.Equal("psnr", wrong.Single(difference => difference.Trial == trials[1].Name).Metric);
        Assert.Equal(7, wrong.Count(difference => difference.Trial == trials[2].Name));
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("{}", "'trials'")]
    [InlineData("""{"trials": []}""", "at least one")]
    [InlineData("""{"trials": [7]}""", "trials[0]")]
    [InlineData("""{"trials": [{"name": "a"}]}""", "'allocation'")]
    [InlineData("""{"trials": [{"name": "a", "allocation": {"w": "uaq-99"}}]}""", "uaq-99")]
    [InlineData("""{"trials": [{"name": "a", "allocation": null}, {"name": "a", "allocation": null}]}""", "two trials")]
    [InlineData("""{"trials": [{"name": "a", "allocation": {"v": "uaq-4"}}]}""", "'v'")]
    public void A_malformed_file_is_refused_with_its_fault(string text, string expected)
    {
        string path = Path.Combine(folder.FullName, "bad.json");
        File.WriteAllText(path, text);
        Assert.Contains(
            expected,
            Assert.ThrowsAny<Q2Exception>(() => AllocationFile.Read(path, ["w"])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains(
            "absent.json",
            Assert
                .ThrowsAny<Q2Exception>(() => AllocationFile.Read(Path.Combine(folder.FullName, "absent.json")))
                .Message,
            StringComparison.Ordinal
        );

    public void Dispose() => folder.Delete(recursive: true);

    private static Trial AsTrial(LabelledAllocation entry, int number) =>
        new(number, entry.Name, entry.Allocation, 42, TrialState.Complete) { Metrics = entry.Metrics };
}
