using System.Text;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Samples;
using Qua2SeDiMo.Stages;
using Xunit;

namespace Qua2SeDiMo.Tests.Docs;

/// <summary>The samples run, and the README shows their code.</summary>
public sealed class SampleTests : IDisposable
{
    private static readonly (string File, string Title)[] Shown =
    [
        ("RunModel", "A model folder to a plan, a packed model and a report"),
        ("GenerateImages", "Images, from that folder or a packed one"),
        ("MultiplyPacked", "A product with packed weights, by package `Qua2SeDiMo.Kernels` alone"),
    ];

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-samples-");

    [Fact]
    public void The_readme_shows_the_lines_of_the_samples()
    {
        var text = new StringBuilder();
        foreach ((string file, string title) in Shown)
        {
            text.AppendLine($"{title} ([{file}.cs](samples/Qua2SeDiMo.Samples/{file}.cs)):").AppendLine();
            text.AppendLine("```csharp").AppendLine(Lines(file)).AppendLine("```").AppendLine();
        }
        GeneratedBlock.Check("README.md", "samples", text.ToString());
    }

    [Fact]
    public void A_product_with_packed_weights_is_the_product_with_their_values()
    {
        float[] y = MultiplyPacked.Run();

        Assert.Equal(MultiplyPacked.Tokens * MultiplyPacked.Channels, y.Length);
        for (int i = 0; i < y.Length; i++)
        {
            (int token, int channel) = (i / MultiplyPacked.Channels, i % MultiplyPacked.Channels);
            double expected = Enumerable
                .Range(0, MultiplyPacked.Inputs)
                .Sum(k =>
                    (double)MultiplyPacked.Activations[(token * MultiplyPacked.Inputs) + k]
                    * MultiplyPacked.Palette[MultiplyPacked.Codes[(channel * MultiplyPacked.Inputs) + k]]
                );
            Assert.Equal(expected, y[i], 3);
        }
    }

    [Fact]
    public void Images_are_written_with_the_prompts_that_made_them()
    {
        GenerateResult result = GenerateImages.Run(RepositoryFiles.Models("emoji-pixart"), folder.FullName);

        Assert.Equal(2, result.Images.Count);
        Assert.All(result.Images, image => Assert.True(File.Exists(image.Path)));
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public void A_model_folder_becomes_plans_of_the_sizes_that_were_asked_for()
    {
        string run = Path.Combine(folder.FullName, "run");

        WorkflowResult result = RunModel.Run(RepositoryFiles.Models("emoji-pixart"), run, trials: 10, images: 2);

        PlanEntry[] plans = [.. result.Plan.Entries.Where(entry => entry.Kind == PlanKind.Plan)];
        Assert.Equal([3.5, 4.0], plans.Select(plan => plan.RequestedBits!.Value));
        Assert.All(plans, plan => Assert.True(plan.AverageBits <= plan.RequestedBits));
        Assert.True(File.Exists(result.Report));
    }

    public void Dispose() => folder.Delete(recursive: true);

    // The lines between the marks, without their indentation.
    private static string Lines(string file)
    {
        string path = Path.Combine(RepositoryFiles.Root, "samples", "Qua2SeDiMo.Samples", file + ".cs");
        string[] marked =
        [
            .. File.ReadLines(path)
                .SkipWhile(line => !line.Contains("<readme>", StringComparison.Ordinal))
                .Skip(1)
                .TakeWhile(line => !line.Contains("</readme>", StringComparison.Ordinal)),
        ];
        Assert.NotEmpty(marked);
        int margin = marked.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', marked.Select(line => line.Length > margin ? line[margin..] : ""));
    }
}
