namespace Qua2SeDiMo.Models;

/// <summary>What a component of a pipeline is, and with that which of its files are read.</summary>
internal enum ComponentRole
{
    /// <summary>A network: <c>config.json</c> and weights.</summary>
    Network,

    /// <summary>A scheduler: <c>scheduler_config.json</c>.</summary>
    Scheduler,

    /// <summary>A tokenizer: settings and vocabulary.</summary>
    Tokenizer,

    /// <summary>Prepares images for another network; nothing here reads it.</summary>
    ImageProcessor,
}

/// <summary>Tells roles apart by the names that pipelines give their components.</summary>
internal static class ComponentRoles
{
    /// <summary>
    /// Files of a tokenizer; of those that say the same twice (tokenizer.json, vocab.json with merges.txt) readers
    /// choose by themselves.
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

    /// <summary>Name of the file that says what the component is.</summary>
    internal static string ConfigName(this ComponentRole role) =>
        role switch
        {
            ComponentRole.Network => "config.json",
            ComponentRole.Scheduler => "scheduler_config.json",
            ComponentRole.Tokenizer => "tokenizer_config.json",
            _ => "preprocessor_config.json",
        };

    /// <summary>
    /// Names of the files without weights that are read, of those that may be there; a tokenizer's may stand there with
    /// <c>.gz</c> behind.
    /// </summary>
    internal static IReadOnlyList<string> Settings(this ComponentRole role) =>
        role == ComponentRole.Tokenizer
            ? [.. TokenizerFiles, .. TokenizerFiles.Select(name => name + ".gz")]
            : [role.ConfigName()];
}
