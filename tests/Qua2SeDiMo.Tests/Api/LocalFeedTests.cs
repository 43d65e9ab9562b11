using System.Diagnostics;
using Qua2SeDiMo.Storage;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Api;

/// <summary>Builds both packages and uses them from a local package folder in a program outside of this
/// repository.</summary>
[Trait("Speed", "Slow")]
public sealed class LocalFeedTests(ITestOutputHelper output) : IDisposable
{
    private const string Version = "0.0.1-localfeed";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-feed-");

    [Fact]
    public void A_program_uses_the_packages_from_a_local_feed()
    {
        string feed = Path.Combine(folder.FullName, "feed"),
            program = Path.Combine(folder.FullName, "program");
        string configuration = AppContext.BaseDirectory.Contains(
            $"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}",
            StringComparison.Ordinal
        )
            ? "Release"
            : "Debug";
        foreach (string package in new[] { "Qua2SeDiMo.Kernels", "Qua2SeDiMo" })
        {
            Dotnet(
                RepositoryFiles.Root,
                "pack",
                $"src/{package}",
                "-c",
                configuration,
                "--no-build",
                "-o",
                feed,
                $"-p:Version={Version}"
            );
            Assert.True(File.Exists(Path.Combine(feed, $"{package}.{Version}.nupkg")));
        }
        string samples = Path.Combine(RepositoryFiles.Root, "samples", "Qua2SeDiMo.Samples");
        foreach (string source in Directory.EnumerateFiles(samples, "*.cs"))
        {
            AtomicFile.WriteText(Path.Combine(program, Path.GetFileName(source)), File.ReadAllText(source));
        }
        AtomicFile.WriteText(
            Path.Combine(program, "program.csproj"),
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <RestoreAdditionalProjectSources>{feed}</RestoreAdditionalProjectSources>
                <RestorePackagesPath>{Path.Combine(folder.FullName, "packages")}</RestorePackagesPath>
                <RestoreFallbackFolders>{GlobalPackages()}</RestoreFallbackFolders>
              </PropertyGroup>
              <ItemGroup><PackageReference Include="Qua2SeDiMo" Version="{Version}" /></ItemGroup>
            </Project>
            """
        );

        Dotnet(program, "build", "-c", "Release", "-o", "out", "--nologo");
        string multiplied = Dotnet(program, "exec", "out/program.dll", "multiply");
        string generated = Dotnet(
            program,
            "exec",
            "out/program.dll",
            "generate",
            RepositoryFiles.Models("emoji-pixart"),
            Path.Combine(folder.FullName, "images")
        );

        Assert.Contains("512 values", multiplied, StringComparison.Ordinal);
        Assert.Contains("a red apple", generated, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Delete(recursive: true);

    private static string GlobalPackages() =>
        Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private string Dotnet(string directory, params string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = directory, RedirectStandardOutput = true }
        )!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        output.WriteLine(text);
        Assert.True(
            process.ExitCode == 0,
            $"dotnet {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{text}"
        );
        return text;
    }
}
