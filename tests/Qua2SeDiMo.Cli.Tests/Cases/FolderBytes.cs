using System.Security.Cryptography;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Contents of all files of a folder, to check that none changed.</summary>
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
