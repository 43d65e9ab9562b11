namespace Qua2SeDiMo.Cli.Tests;

/// <summary>Finds files of the checkout in which the tests run.</summary>
internal static class RepositoryFiles
{
    internal static string Root { get; } = FindRoot();

    internal static string Golden(string relative) => Path.Combine(Root, "tests", "golden", relative);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Qua2SeDiMo.slnx")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException("The tests run from inside a checkout.");
    }
}
