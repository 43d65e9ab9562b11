using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Models;

/// <summary>Error messages for paths that are not diffusers pipeline folders: what the path is, and how to get such a
/// folder from it.</summary>
internal static class ForeignPath
{
    private const string Expected =
        "a diffusers pipeline folder is expected (one with model_index.json, transformer/ or unet/, vae/, scheduler/ inside)";

    private static readonly string[] Checkpoints = [".safetensors", ".sft", ".gguf", ".ckpt", ".pt", ".pth", ".bin"];

    /// <summary>Message for a path that is a file.</summary>
    internal static string OfFile(string path)
    {
        string name = Path.GetFileName(path),
            ending = Path.GetExtension(path).ToLowerInvariant();
        if (name == ModelFolder.IndexName)
        {
            return $"{path}: this is a file inside a pipeline folder; give the folder, {Path.GetDirectoryName(Path.GetFullPath(path))}.";
        }
        byte[] start = ForeignContent.StartOf(path);
        if (ForeignContent.Placeholder(start) is { } placeholder)
            return $"{path}: {placeholder}";
        if (ending == ".onnx")
        {
            return $"{path}: this is an exported program. It belongs in a pipeline folder as unet/{ComponentFiles.ProgramName} or "
                + $"transformer/{ComponentFiles.ProgramName}; {Expected}.";
        }
        if (!Checkpoints.Contains(ending))
            return $"{path}: this is a file; {Expected}.";
        if (ending == ".gguf" || start.AsSpan().StartsWith("GGUF"u8))
        {
            return $"{path}: this is a single-file checkpoint in GGUF, whose weights another program quantized. Take the model from "
                + "before that as a diffusers folder, or widen this one: in Python, "
                + $"diffusers' FluxTransformer2DModel.from_single_file('{path}', "
                + "quantization_config=GGUFQuantizationConfig(compute_dtype=torch.bfloat16)) (or the class of its denoiser), "
                + ".dequantize(), then .save_pretrained('FOLDER/transformer').";
        }
        return ending is ".safetensors" or ".sft"
            ? OfSafetensors(path)
            : $"{path}: this is a single-file checkpoint (a pickle, which can run code when it is opened: only from people you trust). "
                + $"{Conversion(path, "StableDiffusionPipeline")}";
    }

    /// <summary>Message for a folder without an index.</summary>
    internal static string OfFolder(string path)
    {
        string[] files =
        [
            .. Directory
                .EnumerateFiles(path)
                .Where(file => !Path.GetFileName(file).StartsWith('.'))
                .Order(StringComparer.Ordinal),
        ];
        string[] names = [.. files.Select(file => Path.GetFileName(file))];
        string[] inside = [.. Pipelines(path)];
        if (inside.Length > 0)
        {
            return $"{path}: no model_index.json here, but in {string.Join(" and in ", inside.Take(3))}; give that folder.";
        }
        if (
            Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))) is { } parent
            && File.Exists(Path.Combine(parent, ModelFolder.IndexName))
        )
        {
            return $"{path}: this is one component of a pipeline; give the folder around it, {parent}.";
        }
        if (
            names.Contains("adapter_config.json")
            || names.Any(name => name.StartsWith("pytorch_lora_weights", StringComparison.Ordinal))
        )
        {
            return Adapter(path);
        }
        if (names.Contains("config.json"))
            return $"{path}: no model_index.json; this is a single network, and {Expected}.";
        string? checkpoint = files.FirstOrDefault(file =>
            Checkpoints.Contains(Path.GetExtension(file).ToLowerInvariant())
        );
        return checkpoint is null
            ? $"{path}: no model_index.json; {Expected}."
            : $"{path}: no model_index.json. {OfFile(checkpoint)}";
    }

    // Pipeline folders one level down, or in the snapshots of a download cache.
    private static IEnumerable<string> Pipelines(string path) =>
        new[] { path, Path.Combine(path, "snapshots") }
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories)
            .Where(folder => File.Exists(Path.Combine(folder, ModelFolder.IndexName)))
            .Order(StringComparer.Ordinal);

    private static string OfSafetensors(string path)
    {
        HashSet<string> names;
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            names = [.. file.Tensors.Keys];
        }
        catch (Q2Exception error)
        {
            return error.Message;
        }
        bool Any(string part) => names.Any(name => name.Contains(part, StringComparison.Ordinal));
        if (Any("lora_up.") || Any("lora_A.") || Any("lora_down.") || Any(".lora.") || Any("hada_w1") || Any("lokr_w"))
        {
            return Adapter(path);
        }
        // A full checkpoint also holds an autoencoder or text encoders; otherwise the file is only a denoiser.
        bool isWhole =
            Any("first_stage_model.")
            || Any("cond_stage_model.")
            || Any("conditioner.embedders.")
            || Any("text_encoders.")
            || Any("vae.");
        (string Part, string Pipeline, string Denoiser)[] families =
        [
            ("joint_blocks.0.", "StableDiffusion3Pipeline", "SD3Transformer2DModel"),
            ("double_blocks.0.", "FluxPipeline", "FluxTransformer2DModel"),
            ("label_emb.0.0.", "StableDiffusionXLPipeline", "UNet2DConditionModel"),
            ("input_blocks.0.0.", "StableDiffusionPipeline", "UNet2DConditionModel"),
        ];
        int found = Array.FindIndex(families, family => Any(family.Part));
        if (found < 0)
        {
            string tensors =
                names.Count == 0
                    ? "it holds no tensors"
                    : $"its tensors ('{names.First()}', …) are not those of a known single-file checkpoint";
            return $"{path}: this is a single file, not a folder, and {tensors}; {Expected}. "
                + "Where it is a checkpoint, from_single_file of its class in diffusers opens it and save_pretrained makes the folder.";
        }
        (_, string pipeline, string denoiser) = families[found];
        if (isWhole)
            return $"{path}: this is a single-file checkpoint, not a diffusers folder. {Conversion(path, pipeline)}";
        string component = denoiser.StartsWith("UNet", StringComparison.Ordinal) ? "unet" : "transformer";
        return $"{path}: this is a single-file checkpoint of a denoiser alone. Take the diffusers folder of its model, and put the "
            + $"denoiser into it with diffusers, in Python: {denoiser}.from_single_file('{path}').save_pretrained('FOLDER/{component}').";
    }

    private static string Adapter(string path) =>
        $"{path}: this is an adapter (LoRA), not a model. Merge it into its model with diffusers "
        + "(load_lora_weights, fuse_lora, save_pretrained) and give that folder.";

    private static string Conversion(string path, string pipeline) =>
        $"Save it as a folder with diffusers, in Python: {pipeline}.from_single_file('{path}').save_pretrained('FOLDER'); then give that "
        + "folder.";
}
