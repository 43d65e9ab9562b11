using System.Security.Cryptography;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Every file of a folder with its bytes, to see that none was touched.</summary>
internal static class FolderBytes
{
    internal static IReadOnlyDictionary<string, string> Of(string folder) =>
        Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .ToDictionary(
                path => Path.GetRelativePath(folder, path),
                path => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)))
            );
}
