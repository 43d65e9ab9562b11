namespace Qua2SeDiMo.Models;

/// <summary>Role of a pipeline's component, which determines the files that are read.</summary>
internal enum ComponentRole
{
    /// <summary>A network: <c>config.json</c> and weights.</summary>
    Network,

    /// <summary>A scheduler: <c>scheduler_config.json</c>.</summary>
    Scheduler,

    /// <summary>A tokenizer: settings and vocabulary.</summary>
    Tokenizer,

    /// <summary>An image processor, which prepares images for another network; it is not read.</summary>
    ImageProcessor,
}

/// <summary>Determines roles from component names.</summary>
internal static class ComponentRoles
{
    /// <summary>
    /// Files of a tokenizer. Some are alternatives (tokenizer.json, or vocab.json with merges.txt); the tokenizer
    /// chooses.
    /// </summary>
    private static readonly string[] TokenizerFiles =
    [
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "tokenizer.json",
        "vocab.json",
        "merges.txt",
        "vocab.txt",
        "spiece.model",
    ];

    /// <summary>Role of a component, for instance of <c>tokenizer_2</c>.</summary>
    public static ComponentRole Of(string componentName)
    {
        ArgumentNullException.ThrowIfNull(componentName);
        if (componentName.StartsWith("tokenizer", StringComparison.Ordinal))
            return ComponentRole.Tokenizer;
        return componentName switch
        {
            "scheduler" => ComponentRole.Scheduler,
            "feature_extractor" or "image_processor" => ComponentRole.ImageProcessor,
            _ => ComponentRole.Network,
        };
    }

    /// <summary>Name of the configuration file.</summary>
    internal static string ConfigName(this ComponentRole role) =>
        role switch
        {
            ComponentRole.Network => "config.json",
            ComponentRole.Scheduler => "scheduler_config.json",
            ComponentRole.Tokenizer => "tokenizer_config.json",
            _ => "preprocessor_config.json",
        };

    /// <summary>
    /// Names of the files other than weights that are read if present; a tokenizer's may also end in <c>.gz</c>.
    /// </summary>
    internal static IReadOnlyList<string> Settings(this ComponentRole role) =>
        role == ComponentRole.Tokenizer
            ? [.. TokenizerFiles, .. TokenizerFiles.Select(name => name + ".gz")]
            : [role.ConfigName()];
}
