using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers.Bank;

namespace Qua2SeDiMo.Packing;

/// <summary>
/// The tensors of a packed denoiser under their original names. Quantized tensors are reconstructed in single precision
/// when they are read, with parts of split weights joined; all others are returned unchanged. Several threads may read
/// it.
/// </summary>
internal sealed class PackedModelReader : ITensorSource
{
    // Number of codes unpacked at a time; a multiple of eight, so that every piece begins at a whole byte.
    private const int PieceLength = 1 << 15;
    private readonly SafetensorsFile file;
    private readonly Dictionary<string, PackedPart[]> quantized;
    private readonly Dictionary<string, (long Tables, long Codes)> offsets = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, float[]> palettes = new(StringComparer.Ordinal);

    private PackedModelReader(string directory, PackedManifest manifest, SafetensorsFile file)
    {
        DirectoryPath = directory;
        Manifest = manifest;
        this.file = file;
        long tables = 0,
            codes = 0;
        foreach (PackedPart part in manifest.Parts)
        {
            offsets.Add(part.Name, (tables, codes));
            tables = checked(tables + part.TableBytes);
            codes = checked(codes + part.CodeBytes);
            if (part.Spec is null)
                QuantizedWeightTensors.Check(
                    file,
                    new TensorInfo(PackedManifest.PartTensorPrefix + part.Name, part.OriginalType, part.Shape)
                );
        }
        QuantizedWeightTensors.Check(file, new TensorInfo(PackedManifest.TablesTensor, ElementType.UInt8, [tables]));
        QuantizedWeightTensors.Check(file, new TensorInfo(PackedManifest.CodesTensor, ElementType.UInt8, [codes]));
        quantized = manifest
            .Parts.GroupBy(part => part.TensorName)
            .ToDictionary(group => group.Key, Join, StringComparer.Ordinal);
        var tensors = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        foreach (
            TensorInfo tensor in file.Tensors.Values.Where(tensor =>
                !tensor.Name.StartsWith("q2.", StringComparison.Ordinal)
            )
        )
            tensors.Add(tensor.Name, tensor);
        foreach ((string name, PackedPart[] parts) in quantized)
        {
            if (
                !tensors.TryAdd(
                    name,
                    new TensorInfo(
                        name,
                        ElementType.Float32,
                        [parts[0].Shape[0], parts[0].TensorInputs, .. parts[0].Shape.Skip(2)]
                    )
                )
            )
            {
                throw new PackedModelException(
                    $"{file}: tensor '{name}' is there both quantized and as it was. Pack again."
                );
            }
        }
        Tensors = tensors;
    }

    /// <summary>The denoiser's folder.</summary>
    public string DirectoryPath { get; }

    /// <summary>The manifest.</summary>
    public PackedManifest Manifest { get; }

    /// <summary>The weights as codes, for packed execution.</summary>
    public PaletteSource Codes =>
        new(Manifest.Allocation, name => Manifest.Parts.First(part => part.Name == name).TableType, Load);

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Whether a component's folder holds a packed denoiser.</summary>
    public static bool IsPacked(string componentDirectory) =>
        File.Exists(Path.Combine(componentDirectory, PackedManifest.FileName));

    /// <summary>Opens a packed denoiser and checks manifest, header, lengths and checksum against each other.</summary>
    /// <exception cref="PackedModelException">The folder is no packed denoiser, or its files do not match.</exception>
    /// <exception cref="Q2Exception">The weights file is damaged, or its tensors do not match the manifest.</exception>
    public static PackedModelReader Open(string componentDirectory)
    {
        PackedManifest manifest = PackedManifest.Read(componentDirectory);
        string path = Path.Combine(componentDirectory, PackedManifest.WeightsFileName);
        if (!File.Exists(path))
            throw new PackedModelException(
                $"{path}: there is no such file, though the manifest beside it names it; was the copy complete?"
            );
        SafetensorsFile file = SafetensorsFile.Open(path);
        try
        {
            var reader = new PackedModelReader(componentDirectory, manifest, file);
            string found = Checksum(path);
            if (found != manifest.WeightsSha256)
            {
                throw new PackedModelException(
                    $"{path}: SHA-256 is {found}, the manifest says {manifest.WeightsSha256}. The file is damaged "
                        + "or belongs to another manifest: copy it again, or pack again."
                );
            }
            return reader;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads one quantized weight (or part) as codes and palettes. Its mean error is NaN, since it is not
    /// stored.</summary>
    /// <exception cref="PackedModelException">No quantized weight has this name.</exception>
    public QuantizedWeight Load(string weightName)
    {
        PackedPart? part = Manifest.Parts.FirstOrDefault(part => part.Name == weightName && part.Spec is not null);
        if (part is null)
            throw new PackedModelException(
                $"{DirectoryPath}: no quantized weight '{weightName}'; the manifest lists {Manifest.Parts.Count} "
                    + "weights. Was it packed under another plan?"
            );
        byte[] codes = new byte[part.ElementCount],
            packed = new byte[part.CodeBytes];
        file.ReadBytes(PackedManifest.CodesTensor, offsets[part.Name].Codes, packed);
        CodePacker.Unpack(packed, part.Spec!.Bits, codes);
        (float[] values, AffineParameters? affine) = ReadTables(part);
        return new QuantizedWeight(
            part.Spec,
            part.OutChannels,
            part.RowLength,
            part.TableType,
            codes,
            values,
            affine,
            double.NaN
        );
    }

    /// <inheritdoc/>
    public void ReadSingle(string name, long start, Span<float> destination)
    {
        if (!quantized.TryGetValue(name, out PackedPart[]? parts))
        {
            if (!Tensors.ContainsKey(name))
                throw MissingTensorException.For(this, name);
            file.ReadSingle(name, start, destination);
            return;
        }
        if (start < 0 || start + destination.Length > Tensors[name].ElementCount)
        {
            throw new ArgumentOutOfRangeException(
                nameof(start),
                start,
                $"Tensor '{name}' has {Tensors[name].ElementCount} elements."
            );
        }
        if (parts.Length == 1)
        {
            ReadPart(parts[0], start, destination);
            return;
        }
        // Parts are joined along the input axis: each row consists of one run of weights per part.
        while (destination.Length > 0)
        {
            long rowLength = parts.Sum(part => (long)part.RowLength);
            long row = start / rowLength,
                position = start % rowLength;
            PackedPart part = parts.Last(candidate => candidate.InputStart * candidate.KernelLength <= position);
            long inside = position - (part.InputStart * part.KernelLength);
            int length = (int)Math.Min(part.RowLength - inside, destination.Length);
            ReadPart(part, (row * part.RowLength) + inside, destination[..length]);
            destination = destination[length..];
            start += length;
        }
    }

    /// <summary>Reads stored bytes; for a quantized tensor, the bytes of its single-precision reconstruction.</summary>
    public void ReadBytes(string name, long start, Span<byte> destination)
    {
        if (!quantized.ContainsKey(name))
        {
            if (!Tensors.ContainsKey(name))
                throw MissingTensorException.For(this, name);
            file.ReadBytes(name, start, destination);
            return;
        }
        long first = start / sizeof(float);
        float[] values = new float[((start + destination.Length + sizeof(float) - 1) / sizeof(float)) - first];
        ReadSingle(name, first, values);
        MemoryMarshal
            .AsBytes(values.AsSpan())
            .Slice((int)(start - (first * sizeof(float))), destination.Length)
            .CopyTo(destination);
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    /// <inheritdoc/>
    public override string ToString() => DirectoryPath;

    /// <summary>SHA-256 of a file, lower-case hexadecimal.</summary>
    internal static string Checksum(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private void ReadPart(PackedPart part, long start, Span<float> destination)
    {
        if (part.Spec is null)
        {
            file.ReadSingle(PackedManifest.PartTensorPrefix + part.Name, start, destination);
            return;
        }
        float[] tables = palettes.GetOrAdd(part.Name, _ => ReadTables(part).Palettes);
        int bits = part.Spec.Bits,
            paletteLength = part.Spec.PaletteLength;
        bool shared = part.Spec.Method == QuantizerMethod.KMeansPerTensor;
        byte[] codes = ArrayPool<byte>.Shared.Rent(PieceLength),
            packed = ArrayPool<byte>.Shared.Rent(PieceLength);
        while (destination.Length > 0)
        {
            // Unpacking begins at the last multiple of eight codes at or before the start.
            int skip = (int)(start % 8);
            int count = Math.Min(PieceLength, destination.Length + skip);
            Span<byte> bytes = packed.AsSpan(0, (int)CodePacker.PackedLength(count, bits)),
                piece = codes.AsSpan(0, count);
            file.ReadBytes(PackedManifest.CodesTensor, offsets[part.Name].Codes + ((start - skip) / 8 * bits), bytes);
            CodePacker.Unpack(bytes, bits, piece);
            piece = piece[skip..];
            while (piece.Length > 0)
            {
                long row = start / part.RowLength;
                int length = (int)Math.Min(piece.Length, shared ? piece.Length : ((row + 1) * part.RowLength) - start);
                PaletteDecoder.Decode(
                    piece[..length],
                    tables.AsSpan(shared ? 0 : (int)row * paletteLength, paletteLength),
                    destination
                );
                piece = piece[length..];
                destination = destination[length..];
                start += length;
            }
        }
        ArrayPool<byte>.Shared.Return(codes);
        ArrayPool<byte>.Shared.Return(packed);
    }

    private (float[] Palettes, AffineParameters? Affine) ReadTables(PackedPart part)
    {
        byte[] bytes = new byte[part.TableBytes];
        file.ReadBytes(PackedManifest.TablesTensor, offsets[part.Name].Tables, bytes);
        return WeightTables.Read($"{file}, '{part.Name}'", bytes, part.Spec!, part.OutChannels, part.TableType);
    }

    // Sorts the parts of one tensor by input and checks that they cover it exactly.
    private PackedPart[] Join(IEnumerable<PackedPart> group)
    {
        PackedPart[] parts = [.. group.OrderBy(part => part.InputStart)];
        long next = 0;
        foreach (PackedPart part in parts)
        {
            bool fits =
                part.InputStart == next
                && part.TensorInputs == parts[0].TensorInputs
                && part.Shape[0] == parts[0].Shape[0]
                && part.Shape.Skip(2).SequenceEqual(parts[0].Shape.Skip(2));
            if (!fits)
                throw new PackedModelException(
                    $"{DirectoryPath}: part '{part.Name}' of tensor '{part.TensorName}' does not join the part before it. Pack again."
                );
            next += part.Shape[1];
        }
        if (next != parts[0].TensorInputs)
            throw new PackedModelException(
                $"{DirectoryPath}: tensor '{parts[0].TensorName}' has {parts[0].TensorInputs} inputs, its parts cover {next}. Pack again."
            );
        return parts;
    }
}
