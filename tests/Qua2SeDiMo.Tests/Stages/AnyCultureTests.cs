using System.Diagnostics;
using System.Text;
using Qua2SeDiMo.Images;
using Xunit;

namespace Qua2SeDiMo.Tests.Stages;

/// <summary>All readers and writers of the library work under a culture that writes numbers with other signs.</summary>
public sealed class AnyCultureTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-culture-");

    [Fact]
    public async Task All_stages_write_the_same_files_and_messages_under_any_culture()
    {
        string model = RepositoryFiles.Golden("pipelines/pixart-alpha");
        Task<string> invariant = RunAsync(model, "invariant", isHostile: false),
            hostile = RunAsync(model, "hostile", isHostile: true);

        Assert.Equal(await invariant, await hostile);
        string[] files = Files("invariant");
        Assert.Equal(files, Files("hostile"));
        Assert.All(
            files,
            file =>
                AssertHoldsNoNewSign(
                    File.ReadAllBytes(In("invariant", file)),
                    File.ReadAllBytes(In("hostile", file)),
                    file
                )
        );
        // Other files contain times.
        string[] same =
        [
            "run/bank/",
            "run/graph.",
            "run/dag.",
            "run/packed",
            "run/predictor.safetensors",
            "run/sensitivity.json",
            "run/images/",
        ];
        string[] compared =
        [
            .. files.Where(file => same.Any(start => file.StartsWith(start, StringComparison.Ordinal))),
        ];
        Assert.All(same, start => Assert.Contains(compared, file => file.StartsWith(start, StringComparison.Ordinal)));
        Assert.All(
            compared,
            file =>
                Assert.True(
                    File.ReadAllBytes(In("invariant", file))
                        .AsSpan()
                        .SequenceEqual(File.ReadAllBytes(In("hostile", file))),
                    file
                )
        );
        Assert.Equal(Pixels("invariant", "images"), Pixels("hostile", "images"));
        Assert.Equal(Pixels("invariant", "images"), Pixels("hostile", "from-packed"));
    }

    public void Dispose() => folder.Delete(recursive: true);

    // A sign in the invariant file is allowed: a vocabulary may contain it, and weights may contain its bytes.
    private static void AssertHoldsNoNewSign(byte[] invariant, byte[] hostile, string file)
    {
        foreach (byte[] sign in CultureProgram.Signs.Select(sign => Encoding.UTF8.GetBytes([sign])))
        {
            Assert.True(
                hostile.AsSpan().IndexOf(sign) < 0 || invariant.AsSpan().IndexOf(sign) >= 0,
                $"{file} holds '{Encoding.UTF8.GetString(sign)}'."
            );
        }
    }

    private float[] Pixels(string name, string pictures) =>
        PngFile.Decode(File.ReadAllBytes(Directory.EnumerateFiles(In(name, pictures), "*.png").Single())).Image;

    private string[] Files(string name) =>
        [
            .. Directory
                .EnumerateFiles(In(name, ""), "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(In(name, ""), file))
                .Where(file => !file.Contains("study.db", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];

    private string In(string name, string file) => Path.Combine(folder.FullName, name, file);

    private async Task<string> RunAsync(string model, string name, bool isHostile)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath!,
            [
                "exec",
                typeof(AnyCultureTests).Assembly.Location,
                CultureProgram.Name,
                model,
                In(name, ""),
                isHostile.ToString(),
            ]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(),
            errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors);
        return await output;
    }
}
