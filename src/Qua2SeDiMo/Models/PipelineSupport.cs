using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Models;

/// <summary>
/// Explains why images cannot be generated from a folder, with a remedy: pipelines that were exported as a whole, that
/// need an input image, or that have their own code.
/// </summary>
internal static class PipelineSupport
{
    private const int CommonLatentChannels = 4;

    // Words in names of pipeline classes, and what such pipelines need besides a prompt.
    private static readonly (string Word, string Needs)[] Kinds =
    [
        ("Inpaint", "an image and a mask to fill in"),
        ("Fill", "an image and a mask to fill in"),
        ("ControlNet", "a control image"),
        ("Control", "a control image"),
        ("T2IAdapter", "a control image"),
        ("Adapter", "a control image"),
        ("Img2Img", "an image to start from"),
        ("InstructPix2Pix", "an image to edit"),
        ("Pix2Pix", "an image to edit"),
        ("Kontext", "an image to edit"),
        ("Redux", "an image"),
        ("Depth2Img", "an image with its depth"),
        ("Upscale", "an image to enlarge"),
        ("ImageVariation", "an image"),
        ("Video", "frames"),
        ("AnimateDiff", "frames"),
    ];

    /// <summary>Why the components of a folder cannot be read for any purpose; null when they can.</summary>
    public static string? FaultOfExport(string pipelineClass, IReadOnlyCollection<string> components)
    {
        ArgumentNullException.ThrowIfNull(pipelineClass);
        ArgumentNullException.ThrowIfNull(components);
        if (pipelineClass.StartsWith("Flax", StringComparison.Ordinal))
        {
            return $"{pipelineClass} is a pipeline of JAX; take the folder of the same model for PyTorch, with safetensors files.";
        }
        if (pipelineClass.StartsWith("OV", StringComparison.Ordinal))
        {
            return $"{pipelineClass} is a pipeline that was exported whole for OpenVINO, which is not read; take the model's original "
                + "diffusers folder.";
        }
        string[] exported =
        [
            .. components.Where(name => name is "vae_decoder" or "vae_encoder" or "vae_post_quant_conv"),
        ];
        bool isExport =
            exported.Length > 0
            || pipelineClass.StartsWith("ORT", StringComparison.Ordinal)
            || pipelineClass.StartsWith("Onnx", StringComparison.Ordinal);
        return !isExport
            ? null
            : $"this is a whole pipeline that was exported as ONNX ({string.Join(", ", exported.Prepend(pipelineClass))}). Exported text "
                + "encoders and autoencoders are not supported, an exported denoiser is: "
                + $"take the model's original diffusers folder and put the export's unet/{ComponentFiles.ProgramName} (or "
                + $"transformer/{ComponentFiles.ProgramName}) with its data files in the place of that component's safetensors files.";
    }

    /// <summary>Why images cannot be generated from a folder; null when they can.</summary>
    /// <exception cref="ModelFolderException">A configuration is damaged.</exception>
    public static string? FaultOfGeneration(ModelFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        string name = folder.PipelineClass;
        if (PipelineComponents.PipelineClasses.Contains(name))
            return FaultOfChannels(folder) ?? TextWidths.Fault(folder);
        string supported = $"supported are {string.Join(", ", PipelineComponents.PipelineClasses)}";
        if (name.Contains('.', StringComparison.Ordinal))
        {
            return $"pipeline class '{name}' has its own code in the folder, which is never run; {supported}. If the code only wraps one "
                + $"of these, name that one as _class_name in a copy of {ModelFolder.IndexName}.";
        }
        string? needs = Kinds.FirstOrDefault(kind => name.Contains(kind.Word, StringComparison.Ordinal)).Needs;
        if (needs is null)
            return $"pipeline class '{name}' is not supported; {supported}.";
        string plain = Kinds.Aggregate(name, (text, kind) => text.Replace(kind.Word, "", StringComparison.Ordinal));
        bool isPlain =
            PipelineComponents.PipelineClasses.Contains(plain)
            && FaultOfChannels(folder) is null
            && PipelineComponents.Of(plain, folder.Components.ContainsKey)!.All(folder.Components.ContainsKey);
        return $"pipeline class '{name}' needs {needs}; here pictures are made from prompts alone. "
            + (
                isPlain
                    ? $"Its components fit {plain}: name that as _class_name in a copy of {ModelFolder.IndexName} "
                        + "to make pictures from prompts."
                    : $"Take the text-to-image model of the family; {supported}."
            );
    }

    // Detects from the number of input channels that a denoiser takes more than latents.
    private static string? FaultOfChannels(ModelFolder folder)
    {
        if (!folder.Components.TryGetValue("vae", out ModelComponent? vae))
            return null;
        bool isPacked = folder.PipelineClass.StartsWith("Flux", StringComparison.Ordinal);
        int latents = vae.ReadConfig().Int("latent_channels", CommonLatentChannels) * (isPacked ? 4 : 1);
        ComponentConfig denoiser = folder.Denoiser.ReadConfig();
        if (denoiser.IntOrNull("in_channels") is not { } channels || channels == latents)
            return null;
        string kind = (channels - latents) switch
        {
            5 when !isPacked => "that is an inpainting model, which also takes a mask and a masked image",
            4 when !isPacked => "that is a model that edits an image (InstructPix2Pix), which it also takes",
            1 when !isPacked => "that is a depth-to-image model, which also takes a depth map",
            3 when !isPacked => "that is an upscaler, which also takes a small image",
            > 0 when isPacked && channels == 2 * latents => "that is a control model, which also takes a control image",
            > 0 when isPacked => "that is a fill model, which also takes a mask and a masked image",
            _ => "the two do not belong together",
        };
        return $"{denoiser.Source}: 'in_channels' is {channels} and the autoencoder gives {latents}: {kind}. Here pictures are made from "
            + "prompts alone: take the text-to-image model of the family.";
    }
}
