using System.Globalization;
using System.Numerics;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Labelling;

/// <summary>
/// Files that images are scored with. Each is named by the user or found beside the model, in the folder that contains
/// the model folder: the first subfolder (in ordinal order) with a <c>config.json</c> of class <c>CLIPModel</c>, and
/// the first with <c>features.safetensors</c> and <c>prompts.txt</c>. Metrics whose files are missing are left out;
/// paired pixel metrics need none.
/// </summary>
/// <param name="ClipFolder">Folder of a CLIP model; null to leave out CLIP metrics.</param>
/// <param name="ReferenceFeatures">Safetensors file with <c>image_features</c> of real images by that CLIP model; null
/// to leave out Fréchet distance and KID.</param>
/// <param name="PromptsFile">Text file with one prompt per line; null for the built-in prompts.</param>
public sealed record ScoringFiles(string? ClipFolder, string? ReferenceFeatures, string? PromptsFile)
{
    /// <summary>Value of a command-line option that turns off the search for its file.</summary>
    public const string None = "none";

    private const string ClassPipeline = "DiTPipeline";
    private const string FeaturesName = "features.safetensors";
    private const string PromptsName = "prompts.txt";

    /// <summary>Number of classes of a class-conditional model; null for other models. The built-in prompts of such a
    /// model are class numbers spread over all classes.</summary>
    public int? ClassCount { get; init; }

    /// <summary>Takes the files that the user named and looks beside the model for the others.</summary>
    /// <exception cref="ModelFolderException">A file that the user named does not exist.</exception>
    public static ScoringFiles Find(
        string modelFolder,
        string? clip = null,
        string? reference = null,
        string? prompts = null
    )
    {
        string? parent = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(modelFolder)));
        string[] neighbours = parent is null
            ? []
            : [.. Directory.EnumerateDirectories(parent).Order(StringComparer.Ordinal)];
        int? classes = ClassesOf(modelFolder);
        string? references = neighbours.FirstOrDefault(folder =>
            File.Exists(Path.Combine(folder, FeaturesName)) && File.Exists(Path.Combine(folder, PromptsName))
        );
        return new ScoringFiles(
            Choose(clip, neighbours.FirstOrDefault(IsClip), Directory.Exists, "CLIP folder"),
            Choose(
                reference,
                references is null ? null : Path.Combine(references, FeaturesName),
                File.Exists,
                "file of reference features"
            ),
            Choose(
                prompts,
                references is null || classes is not null ? null : Path.Combine(references, PromptsName),
                File.Exists,
                "prompt file"
            )
        )
        {
            ClassCount = classes,
        };
    }

    /// <summary>Metrics of image quality that can be computed with these files.</summary>
    internal IEnumerable<StudyMetric> Metrics =>
        StudyMetric.Quality.Where(metric =>
            ClipFolder is not null
                ? ReferenceFeatures is not null || !FeatureReference.Metrics.Contains(metric)
                : metric == StudyMetric.Psnr || metric == StudyMetric.Ssim
        );

    /// <summary>Checks, before the first trial, that trials will measure an objective.</summary>
    /// <param name="objective">Name of a metric; null for the most reliable one, which always exists.</param>
    /// <exception cref="UnknownObjectiveException">Trials will not measure it; the message lists what they will
    /// measure.</exception>
    public void Require(string? objective)
    {
        if (objective is not null && !Metrics.Contains(StudyMetric.OfQuality(objective)))
            throw UnknownObjectiveException.For(objective, Metrics);
    }

    /// <summary>Prompts of the file, or built-in ones, in order; they are repeated from the beginning when there are
    /// too few.</summary>
    /// <param name="count">Number of prompts to return.</param>
    /// <param name="first">Number of prompts to skip at the beginning.</param>
    /// <exception cref="ModelFolderException">The file is missing or has no prompt.</exception>
    public IReadOnlyList<string> ReadPrompts(int count, int first = 0)
    {
        IEnumerable<string> lines =
            PromptsFile is not null ? PromptFile.Read(PromptsFile)
            : ClassCount is { } classes ? ClassPrompts(classes)
            : BuiltInPrompts();
        string[] prompts = [.. lines.Take(first + count)];
        return [.. Enumerable.Range(first, count).Select(i => prompts[i % prompts.Length])];
    }

    /// <summary>The same files by absolute paths, which stay valid when a later process starts in another
    /// folder.</summary>
    internal ScoringFiles WithFullPaths() =>
        this with
        {
            ClipFolder = Full(ClipFolder),
            ReferenceFeatures = Full(ReferenceFeatures),
            PromptsFile = Full(PromptsFile),
        };

    /// <summary>
    /// Locates the study's CLIP model and reference features again: at their recorded path, or beside the model if they
    /// were moved with it.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="recorded">Fingerprints of these files in the study.</param>
    /// <exception cref="ModelFolderException">A file is at neither place.</exception>
    internal ScoringFiles FoundAgain(OpenModel model, IReadOnlyDictionary<string, string> recorded)
    {
        ScoringFiles beside = Find(model.Folder.DirectoryPath);
        string? clip = Again(
            ClipFolder,
            beside.ClipFolder,
            Directory.Exists,
            "CLIP model",
            path => new ScoringFiles(path, null, null)
        );
        string? features = Again(
            ReferenceFeatures,
            beside.ReferenceFeatures,
            File.Exists,
            "reference features",
            path => new ScoringFiles(clip, path, null)
        );
        return this with { ClipFolder = clip, ReferenceFeatures = features };

        string? Again(
            string? kept,
            string? other,
            Func<string, bool> exists,
            string what,
            Func<string, ScoringFiles> alone
        )
        {
            if (kept is null)
                return null;
            string[] there = [.. new[] { kept, other }.OfType<string>().Where(exists).Distinct(StringComparer.Ordinal)];
            if (there.Length == 0)
            {
                throw new ModelFolderException(
                    $"{kept}: the {what} of the study is not there any more, and there is none beside "
                        + $"{model.Folder.DirectoryPath}. Put it back."
                );
            }
            bool Same(string path) =>
                alone(path).Fingerprint(model).All(part => recorded.GetValueOrDefault(part.Name) == part.Hex);
            return there.Length == 1 ? there[0] : Array.Find(there, Same) ?? there[0];
        }
    }

    /// <summary>Fingerprints of the content of the CLIP model and the reference features.</summary>
    /// <param name="model">The model, which caches the fingerprints.</param>
    internal IReadOnlyList<FingerprintPart> Fingerprint(OpenModel model) =>
        model.ScoringFingerprint(ClipFolder, ReferenceFeatures);

    private static string? Full(string? path) => path is null ? null : Path.GetFullPath(path);

    private static string? Choose(string? named, string? found, Func<string, bool> exists, string what)
    {
        if (named is null)
            return found;
        if (named == None)
            return null;
        return exists(named)
            ? named
            : throw new ModelFolderException($"{named}: there is no such {what}; '{None}' goes without.");
    }

    private static bool IsClip(string folder)
    {
        string config = Path.Combine(folder, "config.json");
        return File.Exists(config) && ComponentConfig.Read(config).ClassName == "CLIPModel";
    }

    private static int? ClassesOf(string modelFolder)
    {
        if (!File.Exists(Path.Combine(modelFolder, "model_index.json")))
            return null;
        ModelFolder folder = ModelFolder.Open(modelFolder);
        return folder.PipelineClass == ClassPipeline
            ? folder.Denoiser.ReadConfig().Int("num_embeds_ada_norm", 1000)
            : null;
    }

    // Every class once, with adjacent prompts far apart: the stride is near count times the golden ratio and coprime to
    // count.
    private static IEnumerable<string> ClassPrompts(int count)
    {
        long stride = Enumerable
            .Range((int)(count * 0.618), count)
            .First(candidate => candidate > 0 && BigInteger.GreatestCommonDivisor(candidate, count) == 1);
        return Enumerable.Range(0, count).Select(i => (i * stride % count).ToString(CultureInfo.InvariantCulture));
    }

    private static IEnumerable<string> BuiltInPrompts()
    {
        using Stream stream = typeof(ScoringFiles).Assembly.GetManifestResourceStream(
            "Qua2SeDiMo.Labelling.prompts.txt"
        )!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
            yield return line;
    }
}
