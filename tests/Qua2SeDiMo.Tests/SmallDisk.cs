using System.Diagnostics;
using Xunit;

namespace Qua2SeDiMo.Tests;

/// <summary>A fact about full or read-only disks. It needs the right to mount a file system and is otherwise skipped
/// with that reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SmallDiskFactAttribute : FactAttribute
{
    public SmallDiskFactAttribute()
    {
        if (!SmallDisk.IsPossible)
            Skip =
                "A small file system in memory cannot be mounted here (root is needed): full and read-only disks are not tried.";
    }
}

/// <summary>A small file system in memory.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly DirectoryInfo place = Directory.CreateTempSubdirectory("q2-disk-");

    internal SmallDisk(int kibibytes) =>
        Assert.True(Run("mount", "-t", "tmpfs", "-o", $"size={kibibytes}k", "tmpfs", Path));

    internal static bool IsPossible { get; } = Try();

    internal string Path => place.FullName;

    internal string In(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Fills the remaining space.</summary>
    internal void Fill()
    {
        using FileStream stream = File.Create(In("filler"), 1);
        try
        {
            byte[] page = new byte[4096];
            while (true)
                stream.Write(page);
        }
        catch (IOException) { }
    }

    internal void Empty() => File.Delete(In("filler"));

    internal void MakeReadOnly() => Assert.True(Run("mount", "-o", "remount,ro", Path));

    public void Dispose()
    {
        Run("umount", "--lazy", Path);
        place.Delete();
    }

    private static bool Try()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            return false;
        try
        {
            using var disk = new SmallDisk(64);
            return true;
        }
        catch (Exception error)
            when (error is Xunit.Sdk.XunitException or IOException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static bool Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardError = true }
        )!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
