using System.Globalization;
using Qua2SeDiMo.Studies.Allocations;

namespace Qua2SeDiMo.Labelling;

/// <summary>The options by which allocations of a file are labelled: the protocol that the file states, overridden by
/// options that the user gave.</summary>
/// <param name="Options">The resulting options.</param>
/// <param name="Differences">Where the options differ from the file's protocol. If there are any, the labels of the
/// file are of different images and cannot be compared.</param>
internal sealed record ProtocolChoice(StudyOptions Options, IReadOnlyList<string> Differences)
{
    private const int MaxParents = 4;

    /// <summary>Combines the file's protocol and the user's options.</summary>
    /// <param name="file">The file of allocations.</param>
    /// <param name="protocol">The protocol that the file states.</param>
    /// <param name="asked">Options of the user, with defaults for those not given.</param>
    /// <param name="isGiven">Whether the user gave an option, by its command-line name.</param>
    public static ProtocolChoice Between(
        string file,
        AllocationProtocol protocol,
        StudyOptions asked,
        Func<string, bool> isGiven
    )
    {
        ArgumentNullException.ThrowIfNull(protocol);
        ArgumentNullException.ThrowIfNull(asked);
        ArgumentNullException.ThrowIfNull(isGiven);
        List<string> differences = [.. protocol.NotUnderstood.Select(statement => $"{statement} is not understood")];
        StudyOptions options = asked with
        {
            ImageCount = Choose("--images", protocol.ImageCount, asked.ImageCount),
            Seed = Choose("--seed", protocol.Seed, asked.Seed),
            SharedNoise = Choose("--faithful", protocol.SharedNoise, asked.SharedNoise),
            ActivationBits = ChooseOrNone("--activation-bits", protocol.ActivationBits, asked.ActivationBits),
            Generation = asked.Generation with
            {
                StepCount = Choose("--steps", protocol.StepCount, asked.Generation.StepCount),
                GuidanceScale = Choose("--guidance", protocol.GuidanceScale, asked.Generation.GuidanceScale),
                NegativePrompts = Negative(),
                Height = ChooseOrNone("--height", protocol.Height, asked.Generation.Height),
                Width = ChooseOrNone("--width", protocol.Width, asked.Generation.Width),
            },
        };
        return new ProtocolChoice(WithPrompts(file, protocol, options, isGiven, differences), differences);

        IReadOnlyList<string> Negative()
        {
            IReadOnlyList<string> given = asked.Generation.NegativePrompts;
            if (protocol.NegativePrompt is not { } stated)
                return given;
            if (!isGiven("--negative-prompt"))
                return [stated];
            if (given is [string one] && one == stated)
                return given;
            differences.Add($"--negative-prompt is another than '{stated}', which the file states");
            return given;
        }

        T Choose<T>(string option, T? stated, T given)
            where T : struct =>
            stated is not { } value ? given
            : isGiven(option) ? Keep(option, value, given)
            : value;

        T? ChooseOrNone<T>(string option, T? stated, T? given)
            where T : struct => stated is null || isGiven(option) ? Keep(option, stated, given) : stated;

        T Keep<T>(string option, T stated, T given)
        {
            if (stated is null || stated.Equals(given))
                return given;
            differences.Add(
                string.Create(CultureInfo.InvariantCulture, $"{option} is {given}, and the file states {stated}")
            );
            return given;
        }
    }

    private static StudyOptions WithPrompts(
        string file,
        AllocationProtocol protocol,
        StudyOptions options,
        Func<string, bool> isGiven,
        List<string> differences
    )
    {
        IReadOnlyList<string>? stated = protocol.Prompts;
        if (protocol.PromptsFile is { } named)
        {
            string? found = Find(file, named, options.Scoring.PromptsFile);
            if (found is not null)
                stated = (options.Scoring with { PromptsFile = found }).ReadPrompts(protocol.ImageCount!.Value);
            else
                differences.Add($"the prompts are stated to be in '{named}', which is not found from {file}");
        }
        if (stated is null)
            return options;
        if (!isGiven("--prompts"))
            return options with { Prompts = stated };
        bool same = options.ReadPrompts().SequenceEqual((options with { Prompts = stated }).ReadPrompts());
        if (!same)
            differences.Add("--prompts holds other prompts than the file states");
        return options;
    }

    // Looks beside the file and in the folders above it; otherwise takes the file in use if its path ends in the same
    // name.
    private static string? Find(string file, string named, string? used)
    {
        string? folder = Path.GetDirectoryName(Path.GetFullPath(file));
        for (int i = 0; i < MaxParents && folder is not null; i++, folder = Path.GetDirectoryName(folder))
        {
            string path = Path.Combine(folder, named);
            if (File.Exists(path))
                return path;
        }
        bool sameWords =
            used is not null
            && Path.GetFullPath(used).EndsWith(Path.DirectorySeparatorChar + named, StringComparison.Ordinal);
        return sameWords ? used : null;
    }
}
