using Qua2SeDiMo.Images;

namespace Qua2SeDiMo.Fuzz.Targets;

/// <summary>The reader of PNG files.</summary>
internal static class PictureTargets
{
    internal static IEnumerable<FuzzTarget> All()
    {
        yield return new FuzzTarget("png", Seeds, input => PngFile.Decode(input.Bytes, "a.png"));
    }

    private static IReadOnlyList<FuzzInput> Seeds() =>
        [
            FuzzInput.Of("a.png", PngFile.Encode([.. Enumerable.Range(0, 5 * 7 * 3).Select(i => i / 105f)], 5, 7)),
            .. Directory
                .EnumerateFiles(Path.Combine(Samples.Root, "tests", "hostile", "png-bomb"))
                .Order(StringComparer.Ordinal)
                .Select(path => FuzzInput.Of("a.png", File.ReadAllBytes(path))),
        ];
}
