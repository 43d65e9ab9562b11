using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Graphs.Passes;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Models.Known;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;

namespace Qua2SeDiMo.Pipelines;

/// <summary>An open model folder with the graph of its denoiser at the model's default size; tensors are read on
/// demand.</summary>
public sealed class OpenModel : IDisposable
{
    private readonly ComponentConfig denoiserConfig;

    // Path of the ONNX model of an exported denoiser; null when the graph is built from the configuration.
    private readonly string? exported;
    private readonly Lazy<OperationGraph> operations;
    private readonly Lazy<FolderReview> review;
    private readonly Dictionary<(string?, string?), IReadOnlyList<FingerprintPart>> scoringFingerprints = [];
    private ModelFingerprint? fingerprint,
        denoiserFingerprint;

    private OpenModel(ModelFolder folder, ITensorSource tensors, TimeProvider time)
    {
        (Folder, Time) = (folder, time);
        Tensors = tensors;
        exported = ComponentFiles.Of(folder.Denoiser).Program;
        denoiserConfig = folder.Denoiser.ReadConfig();
        // The graph of a packed ONNX model already contains the quantization of activations.
        PackNote? note =
            tensors is PackedModelReader || exported is not null ? null : PackNote.Read(folder.DirectoryPath);
        Activations =
            (tensors as PackedModelReader)?.Manifest.Activations ?? note?.Activations ?? ActivationAllocation.None;
        Graph = BuildDenoiser(null, null);
        operations = new Lazy<OperationGraph>(() => OperationGraphBuilder.Build(Graph));
        review = new Lazy<FolderReview>(() => FolderReview.Of(Folder, Tensors, OpenTensors));
        Weights = [.. Graph.Weights.Select(weight => weight.Weight)];
        if (note is not null)
            RequireKnown(folder, note.Activations);
        // A packed file presents its quantized tensors as single precision; the manifest states the original type.
        ElementType? original = tensors is PackedModelReader packed
            ? packed.Manifest.Parts is [var first, ..]
                ? first.OriginalType
                : null
            : Weights.Count == 0
                ? null
                : tensors.Tensors[Weights[0].TensorName].Type;
        OriginalBits = 8 * Math.Min(4, original?.SizeBytes() ?? 2);
    }

    /// <summary>The folder.</summary>
    internal ModelFolder Folder { get; }

    /// <summary>Clock for leases, timestamps in results, and waiting.</summary>
    internal TimeProvider Time { get; }

    /// <summary>The denoiser's tensors.</summary>
    internal ITensorSource Tensors { get; }

    /// <summary>The denoiser's graph at the default size.</summary>
    internal Graph Graph { get; }

    /// <summary>The denoiser's sensitivity graph.</summary>
    /// <exception cref="Q2Exception">The denoiser has no quantizable weights.</exception>
    internal OperationGraph Operations => operations.Value;

    /// <summary>Report on the parts of the folder that are not read.</summary>
    internal FolderReview Review => review.Value;

    /// <summary>The denoiser's quantizable weights, in the order of the forward pass.</summary>
    internal IReadOnlyList<QuantizableWeight> Weights { get; }

    /// <summary>P: bits of one original weight, 16 or 32; 8-bit floats count with the type to which they are
    /// widened.</summary>
    public int OriginalBits { get; }

    /// <summary>Bits that the inputs of all layers of a packed model are to be rounded to; null where they are left, or
    /// where layers differ.</summary>
    public int? ActivationBits => Activations.Common;

    /// <summary>Bits that the inputs of layers of a packed model are to be rounded to.</summary>
    internal ActivationAllocation Activations { get; }

    /// <summary>Bytes of all tensors of the denoiser as stored in its files.</summary>
    public long StoredBytes =>
        (Tensors is ShardedTensors sharded ? sharded.Stored : Tensors.Tensors).Values.Sum(tensor => tensor.SizeBytes);

    /// <summary>Bytes of all quantizable weights at <see cref="OriginalBits"/> bits each.</summary>
    public long QuantizableBytes => Weights.Sum(weight => weight.ElementCount * OriginalBits / 8);

    /// <summary>Fingerprint of the model's content. All tensors are read once, unless the user's cache has their
    /// fingerprints.</summary>
    /// <param name="progress">Receives the fraction read.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="Q2Exception">A component or a file is missing or damaged.</exception>
    internal ModelFingerprint Fingerprint(
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    ) =>
        fingerprint ??= Reader(progress, cancellationToken)
            .Of(Folder, DenoiserFingerprint(progress, cancellationToken));

    /// <summary>Fingerprint of the denoiser's content, which is a part of <see cref="Fingerprint"/>.</summary>
    /// <param name="progress">Receives the fraction read.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="Q2Exception">A file is missing or damaged.</exception>
    internal ModelFingerprint DenoiserFingerprint(
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    ) => denoiserFingerprint ??= Reader(progress, cancellationToken).OfDenoiser(Folder.Denoiser, Tensors);

    /// <summary>Fingerprints of the CLIP model and the reference features; computed once per pair of paths.</summary>
    /// <param name="clipFolder">Folder of the CLIP model; null when none is used.</param>
    /// <param name="referenceFeatures">File of reference features of that model; null when none is used.</param>
    internal IReadOnlyList<FingerprintPart> ScoringFingerprint(string? clipFolder, string? referenceFeatures)
    {
        (string?, string?) key = (clipFolder, referenceFeatures);
        if (scoringFingerprints.TryGetValue(key, out IReadOnlyList<FingerprintPart>? known))
            return known;
        return scoringFingerprints[key] = Reader(null, CancellationToken.None).OfScoring(clipFolder, referenceFeatures);
    }

    /// <summary>Opens a folder; reads only tensor headers and configurations.</summary>
    /// <exception cref="Q2Exception">The folder is not a supported pipeline, or it is incomplete or
    /// damaged.</exception>
    /// <param name="path">The folder.</param>
    /// <param name="notes">Receives remarks for the user about the files; null collects them only in
    /// <see cref="ModelFolder.Notes"/>.</param>
    /// <param name="time">Clock for leases, timestamps in results, and waiting; null for the system clock.</param>
    public static OpenModel Open(string path, Notes? notes = null, TimeProvider? time = null)
    {
        ModelFolder folder = ModelFolder.Open(path, notes);
        ITensorSource tensors = OpenTensors(folder.Denoiser);
        try
        {
            var model = new OpenModel(folder, tensors, time ?? TimeProvider.System);
            if (notes is not null && model.Review.Note() is { } note)
                notes.Add(note);
            return model;
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    /// <summary>Opens the tensors of a component: packed, exported as ONNX, or safetensors.</summary>
    internal static ITensorSource OpenTensors(ModelComponent component)
    {
        ComponentFiles files = ComponentFiles.Of(component);
        KnownFiles.Check(component.DirectoryPath);
        return files.Form switch
        {
            WeightForm.Packed => PackedModelReader.Open(component.DirectoryPath),
            WeightForm.Program when component.Name is not ("transformer" or "unet") => throw new ModelFolderException(
                $"{files.Program}: only a denoiser may be an exported program; {component.Name} needs safetensors "
                    + "files: take that folder from the model's original pipeline."
            ),
            WeightForm.Program => OnnxReader.Read(files.Program!).Tensors,
            _ => ShardedTensors.Open(files),
        };
    }

    /// <summary>The parts of a pipeline for this model.</summary>
    /// <param name="inference">Options of its inference sessions.</param>
    /// <param name="activations">Bits that the inputs of the denoiser's layers are rounded to; null leaves
    /// them.</param>
    /// <param name="codes">Codes with which the denoiser computes products directly (packed execution); null for single
    /// precision.</param>
    internal PipelineParts Parts(
        InferenceOptions inference,
        ActivationAllocation? activations = null,
        PaletteSource? codes = null
    ) =>
        new(
            Folder,
            OpenTensors,
            (height, width) =>
            {
                Graph graph = BuildDenoiser(height, width);
                if (codes is not null)
                    return PaletteProgram.Rewrite(graph, codes, activations);
                return activations is null or { IsNone: true }
                    ? graph
                    : ActivationQuantization.Apply(graph, weight => activations[weight]);
            },
            inference
        );

    /// <summary>The codes of a packed model; null for any other.</summary>
    internal PaletteSource? Codes => (Tensors as PackedModelReader)?.Codes;

    /// <summary>Replaceable weights for a pipeline, set to the values of the checkpoint.</summary>
    internal WeightBinding CreateBinding() => new(Graph.Weights, Tensors);

    /// <summary>Sets every weight of a binding to its option in an allocation.</summary>
    internal static void Apply(BitAllocation allocation, WeightBinding binding, QuantizerBank bank)
    {
        foreach (GraphWeight weight in binding.Weights)
        {
            string name = weight.Weight.Name;
            QuantizerSpec? spec = allocation[name];
            if (spec is null)
                binding.Reset(name);
            else
                Apply(name, spec, binding, bank);
        }
    }

    /// <summary>Sets one weight of a binding to an option.</summary>
    internal static void Apply(string name, QuantizerSpec spec, WeightBinding binding, QuantizerBank bank) =>
        binding.Set(name, spec.ToString(), destination => bank.Load(name, spec).Dequantize(destination));

    /// <inheritdoc/>
    public void Dispose() => Tensors.Dispose();

    private void RequireKnown(ModelFolder folder, ActivationAllocation activations)
    {
        HashSet<string> known = [.. Weights.Select(weight => weight.Name)];
        if (activations.ByWeight.Keys.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
        {
            throw new PackedModelException(
                $"{Path.Combine(folder.DirectoryPath, PackNote.FileName)}: 'activations' names '{unknown}', which is no "
                    + "weight of this model. Pack again."
            )
            {
                Remedy = Remedy.Pack,
            };
        }
    }

    private ContentReader Reader(IProgress<StageProgress>? progress, CancellationToken cancellationToken) =>
        new(FingerprintCache.OfUser(Time), progress, cancellationToken);

    private Graph BuildDenoiser(int? height, int? width)
    {
        if (exported is null)
            return ArchitectureCatalog.Build(
                new BuildRequest(denoiserConfig, Tensors) { Height = height, Width = width }
            );
        SampleSize? own = denoiserConfig.Has("sample_size") ? SampleSize.Of(denoiserConfig) : null;
        using OnnxModel model = OnnxReader.Read(
            exported,
            denoiserConfig.ClassName,
            height ?? own?.Height,
            width ?? own?.Width,
            isSizeWanted: height is not null || width is not null
        );
        return DenoiserInputs.Unify(model.Graph);
    }
}
