using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Data;
using Xunit;

namespace Qua2SeDiMo.Tests.Plans;

public class FrontCandidatesTests
{
    private const int Weights = 12;

    // Weight w takes 10 + o bytes under option o and contributes w·o to the label, so later weights should get larger
    // options.
    private static readonly OptionFeatures Features = new(
        [.. Enumerable.Range(0, 3).Select(o => new OptionCode($"uaq-{o + 3}", 1, 1 + (o % 2)))],
        [.. Enumerable.Repeat(64L, Weights)],
        [.. Enumerable.Range(0, Weights * 3).Select(i => 10L + (i % 3))],
        [.. Enumerable.Range(0, Weights * 3).Select(i => 1.0 / (1 + (i % 3)))],
        16
    );

    private static PredictorTrial[] Trials(int count)
    {
        var random = new Pcg32(7);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ =>
                {
                    int[] options = [.. Enumerable.Range(0, Weights).Select(_ => random.Next(3))];
                    return new PredictorTrial(options, Label(options), Features.AverageBits(options));
                }),
        ];
    }

    private static double Label(IReadOnlyList<int> options) => options.Select((option, w) => (double)w * option).Sum();

    [Fact]
    public void Proposals_spread_over_all_sizes_and_repeat_nothing()
    {
        PredictorTrial[] trials = Trials(40);
        IReadOnlyList<int[]> proposals = FrontCandidates.Propose(Features, trials, 8, seed: 1);
        string[] keys =
        [
            .. proposals.Select(options => string.Join(' ', options)),
            .. trials.Select(trial => string.Join(' ', trial.Options)),
        ];
        Assert.Equal(
            keys.Length,
            keys.Distinct().Count()
                + trials.Length
                - trials.Select(trial => string.Join(' ', trial.Options)).Distinct().Count()
        );
        long[] bytes = [.. proposals.Select(options => Features.TotalBytes(options))];
        Assert.True(bytes.Max() - bytes.Min() > 0.7 * 2 * Weights);
    }

    [Fact]
    public void Proposals_are_better_than_random_allocations_of_their_size()
    {
        PredictorTrial[] trials = Trials(60);
        int compared = 0;
        foreach (int[] proposal in FrontCandidates.Propose(Features, trials, 8, seed: 2))
        {
            long bytes = Features.TotalBytes(proposal);
            double[] alike =
            [
                .. trials
                    .Where(trial => Math.Abs(Features.TotalBytes([.. trial.Options]) - bytes) <= 1)
                    .Select(trial => trial.Target),
            ];
            if (alike.Length == 0)
                continue;
            Assert.InRange(Label(proposal), alike.Average(), double.PositiveInfinity);
            compared++;
        }
        Assert.InRange(compared, 1, 8);
    }

    [Fact]
    public void Equal_arguments_give_equal_proposals_and_another_seed_gives_others()
    {
        PredictorTrial[] trials = Trials(30);
        string Of(ulong seed) =>
            string.Join(
                '|',
                FrontCandidates.Propose(Features, trials, 6, seed).Select(options => string.Join(' ', options))
            );
        Assert.Equal(Of(3), Of(3));
        Assert.NotEqual(Of(3), Of(4));
    }
}
