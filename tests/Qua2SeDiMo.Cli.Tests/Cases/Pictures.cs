using Qua2SeDiMo.Images;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Pictures of a folder by the real program, as numbers: files may differ in what they say about
/// themselves.</summary>
internal static class Pictures
{
    /// <summary>Pixels of one picture of a cat after two steps.</summary>
    internal static async Task<float[]> OfAsync(string folder, params string[] options) =>
        (await SizedAsync(folder, options)).Image;

    /// <summary>The same with its size.</summary>
    internal static async Task<(float[] Image, int Height, int Width)> SizedAsync(
        string folder,
        params string[] options
    )
    {
        DirectoryInfo output = Directory.CreateTempSubdirectory("q2-pictures-");
        try
        {
            (
                await Q2.RunAsync([
                    "generate",
                    folder,
                    "--prompt",
                    "a cat",
                    "--steps",
                    "2",
                    "--json",
                    "--quiet",
                    "--out",
                    output.FullName,
                    .. options,
                ])
            ).Succeeded();
            return PngFile.Decode(File.ReadAllBytes(Directory.EnumerateFiles(output.FullName, "*.png").Single()));
        }
        finally
        {
            output.Delete(recursive: true);
        }
    }

    /// <summary>Two folders give the same picture, which is not one colour.</summary>
    internal static async Task AreEqualAsync(string expected, string actual, params string[] options)
    {
        float[] pixels = await OfAsync(expected, options);
        Assert.NotEqual(pixels.Min(), pixels.Max());
        Assert.Equal(pixels, await OfAsync(actual, options));
    }

    /// <summary>Pixels of a PNG, row by row, three bytes each.</summary>
    internal static byte[] Pixels(string path) =>
        [.. PngFile.Decode(File.ReadAllBytes(path), path).Image.Select(value => (byte)MathF.Round(value * 255))];

    /// <summary>Pixels of every picture of a folder, in the order of the file names.</summary>
    internal static byte[][] PixelsOf(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*.png").Order(StringComparer.Ordinal).Select(Pixels)];
}
