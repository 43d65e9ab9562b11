using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Qua2SeDiMo.Diffusion;

namespace Qua2SeDiMo.Cli;

/// <summary>Options for the size conditions of Stable Diffusion XL.</summary>
internal sealed class SizeArguments
{
    private const int Largest = 1 << 20;

    private readonly Option<PixelSize?> original = Size(
        "--original-size",
        "HEIGHTxWIDTH in pixels that the picture had before scaling and cropping (Stable Diffusion XL alone); "
            + "default: the image's size"
    );
    private readonly Option<CropOffset?> crop = Crop(
        "--crop",
        "TOP,LEFT in pixels where the picture was cropped (Stable Diffusion XL alone); default: 0,0"
    );
    private readonly Option<PixelSize?> target = Size(
        "--target-size",
        "HEIGHTxWIDTH in pixels that the picture was cropped to (Stable Diffusion XL alone); default: the image's size"
    );
    private readonly Option<PixelSize?> negativeOriginal = Size(
        "--negative-original-size",
        "As --original-size, for what guidance steers away from; needs --negative-target-size. Default: as without 'negative'"
    );
    private readonly Option<CropOffset?> negativeCrop = Crop(
        "--negative-crop",
        "As --crop, beside the other two negative sizes"
    );
    private readonly Option<PixelSize?> negativeTarget = Size(
        "--negative-target-size",
        "As --target-size, for what guidance steers away from; needs --negative-original-size"
    );

    internal SizeArguments(Command command)
    {
        foreach (
            Option option in new Option[] { original, crop, target, negativeOriginal, negativeCrop, negativeTarget }
        )
        {
            command.Add(option);
        }
        command.Validators.Add(result =>
        {
            bool first = result.GetResult(negativeOriginal) is not null,
                second = result.GetResult(negativeTarget) is not null;
            if (first != second || (!first && result.GetResult(negativeCrop) is not null))
            {
                result.AddError(
                    "Negative sizes work together: give --negative-original-size and --negative-target-size, and "
                        + "--negative-crop if you like."
                );
            }
        });
    }

    /// <summary>The sizes; null when none was given.</summary>
    internal SizeConditions? Read(ParseResult result)
    {
        var sizes = new SizeConditions
        {
            OriginalSize = result.GetValue(original),
            Crop = result.GetValue(crop),
            TargetSize = result.GetValue(target),
            NegativeOriginalSize = result.GetValue(negativeOriginal),
            NegativeCrop = result.GetValue(negativeCrop),
            NegativeTargetSize = result.GetValue(negativeTarget),
        };
        return sizes == new SizeConditions() ? null : sizes;
    }

    private static Option<PixelSize?> Size(string name, string description) =>
        new(name)
        {
            Description = description,
            HelpName = "HEIGHTxWIDTH",
            CustomParser = result =>
                Pair(result, ['x', 'X', '×'], "HEIGHTxWIDTH, for instance 1024x768") is { } pair
                    ? new PixelSize(pair.First, pair.Second)
                    : null,
        };

    private static Option<CropOffset?> Crop(string name, string description) =>
        new(name)
        {
            Description = description,
            HelpName = "TOP,LEFT",
            CustomParser = result =>
                Pair(result, [','], "TOP,LEFT, for instance 0,128") is { } pair
                    ? new CropOffset(pair.First, pair.Second)
                    : null,
        };

    private static (int First, int Second)? Pair(ArgumentResult result, char[] separators, string expected)
    {
        string text = result.Tokens[0].Value;
        string[] parts = text.Split(separators);
        if (parts.Length == 2 && Number(parts[0]) is { } first && Number(parts[1]) is { } second)
            return (first, second);
        result.AddError(
            $"{(result.Parent as OptionResult)?.Option.Name} is '{text}'; {expected}, is expected: whole numbers from 0 to "
                + $"{Largest}."
        );
        return null;
    }

    private static int? Number(string text) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= Largest
            ? number
            : null;
}
