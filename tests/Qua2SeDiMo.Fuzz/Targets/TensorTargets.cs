using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;

namespace Qua2SeDiMo.Fuzz.Targets;

/// <summary>Readers of tensors: safetensors files alone and in folders, banks, packed models, predictors,
/// features.</summary>
internal static partial class TensorTargets
{
    private static readonly QuantizableWeight[] Weights =
    [
        new("a", WeightOperator.Linear, [3, 8], "a.weight", 0, 8),
        new("b", WeightOperator.Conv2d, [2, 3, 1, 1], "b.weight", 0, 3),
    ];

    private static readonly Lazy<string> Made = new(Make);

    internal static IEnumerable<FuzzTarget> All(ScratchFolder scratch)
    {
        yield return new FuzzTarget(
            "safetensors-header",
            () => [FuzzInput.Of("a.safetensors", Tensors()), Dup()],
            input => SafetensorsHeader.Read(new MemoryStream(input.Bytes), "a.safetensors")
        )
        {
            QuickInputs = 2000,
        };
        yield return new FuzzTarget(
            "safetensors-file",
            () => [FuzzInput.Of("a.safetensors", Tensors()), Dup()],
            input =>
            {
                using SafetensorsFile file = SafetensorsFile.Open(
                    Path.Combine(scratch.Fill(input), input.Files[0].Name)
                );
                ReadAll(file);
            }
        );
        yield return new FuzzTarget(
            "index",
            () => [Sharded(), new FuzzInput([new FuzzFile("diffusion_pytorch_model.safetensors", Tensors())])],
            input =>
            {
                using ShardedTensors tensors = ShardedTensors.Open(scratch.Fill(input));
                ReadAll(tensors);
            }
        )
        {
            QuickInputs = 200,
        };
        yield return new FuzzTarget(
            "model-index",
            () => [Pipeline()],
            input =>
            {
                ModelFolder folder = ModelFolder.Open(scratch.Fill(input));
                foreach (ModelComponent component in folder.Components.Values)
                    _ = component.ReadConfig().ClassName;
                _ = folder.Denoiser;
            }
        )
        {
            QuickInputs = 200,
        };
        yield return new FuzzTarget(
            "features",
            () => [FuzzInput.Of("a.safetensors", Features())],
            input => FeatureReference.Read(Path.Combine(scratch.Fill(input), input.Files[0].Name))
        )
        {
            QuickInputs = 200,
        };
        yield return new FuzzTarget(
            "bank",
            () => [BankInput()],
            input =>
            {
                QuantizerBank bank = QuantizerBank.Open(scratch.Fill(input));
                foreach (BankEntry entry in bank.Entries.Values.Take(4))
                {
                    foreach (QuantizerSpec spec in bank.Options.Take(8))
                    {
                        _ = bank.MeanError(entry.Name, spec);
                        QuantizedWeight weight = bank.Load(entry.Name, spec);
                        weight.Dequantize(new float[entry.OutChannels * entry.RowLength]);
                    }
                }
            }
        )
        {
            QuickInputs = 200,
        };
        yield return new FuzzTarget(
            "packed-model",
            () => [Folder("packed")],
            input =>
            {
                using PackedModelReader reader = PackedModelReader.Open(scratch.Fill(WithChecksum(input)));
                ReadAll(reader);
                foreach (PackedPart part in reader.Manifest.Parts.Where(part => part.Spec is not null).Take(4))
                    reader.Load(part.Name);
            }
        )
        {
            QuickInputs = 200,
        };
        yield return new FuzzTarget(
            "predictor.safetensors",
            () => [Folder("predictor")],
            input =>
            {
                using SafetensorsFile file = SafetensorsFile.Open(
                    Path.Combine(scratch.Fill(input), input.Files[0].Name)
                );
                PredictorFile.RidgeOf(file);
                foreach (Predictor predictor in PredictorFile.NetworksOf(file))
                    predictor.Dispose();
            }
        )
        {
            QuickInputs = 100,
        };
    }

    /// <summary>A finished bank of two small weights.</summary>
    internal static FuzzInput BankInput() => Folder("bank");

    private static void ReadAll(ITensorSource source)
    {
        foreach (TensorInfo tensor in source.Tensors.Values.Take(8))
        {
            source.ReadSingle(tensor.Name, 0, new float[Math.Min(4096, tensor.ElementCount)]);
            source.ReadBytes(tensor.Name, 0, new byte[Math.Min(4096, tensor.SizeBytes)]);
        }
    }

    private static FuzzInput Folder(string name) =>
        new([
            .. Directory
                .EnumerateFiles(Path.Combine(Made.Value, name))
                .Order(StringComparer.Ordinal)
                .Select(path => new FuzzFile(Path.GetFileName(path), File.ReadAllBytes(path))),
        ]);

    private static byte[] Tensors() => File.ReadAllBytes(Path.Combine(Made.Value, "plain.safetensors"));

    private static byte[] Features() => File.ReadAllBytes(Path.Combine(Made.Value, "features.safetensors"));

    private static FuzzInput Dup() =>
        FuzzInput.Of(
            "a.safetensors",
            File.ReadAllBytes(Path.Combine(Samples.Root, "tests/hostile/safetensors-dup-field/a.safetensors"))
        );

    private static FuzzInput Sharded() =>
        new([
            Samples.OfText(
                "diffusion_pytorch_model.safetensors.index.json",
                """{"metadata": {"total_size": 1}, "weight_map": {"a.weight": "diffusion_pytorch_model-00001-of-00002.safetensors", "b.weight": "diffusion_pytorch_model-00001-of-00002.safetensors", "c": "diffusion_pytorch_model-00001-of-00002.safetensors", "image_features": "diffusion_pytorch_model-00002-of-00002.safetensors"}}"""
            ),
            new FuzzFile("diffusion_pytorch_model-00001-of-00002.safetensors", Tensors()),
            new FuzzFile("diffusion_pytorch_model-00002-of-00002.safetensors", Features()),
        ]);

    private static FuzzInput Pipeline()
    {
        string folder = Samples.Golden("pipelines/stable-diffusion-15");
        return Samples.Folder(
            folder,
            [
                ("model_index.json", "model_index.json"),
                .. new[]
                {
                    "unet/config.json",
                    "vae/config.json",
                    "text_encoder/config.json",
                    "scheduler/scheduler_config.json",
                    "tokenizer/tokenizer_config.json",
                }.Select(name => (name, name)),
            ]
        );
    }

    // Corrects the checksum in the manifest, because the reader rejects weights with a wrong one at once.
    private static FuzzInput WithChecksum(FuzzInput input)
    {
        int manifest = input.Files.ToList().FindIndex(file => file.Name == PackedManifest.FileName);
        FuzzFile? weights = input.Files.FirstOrDefault(file => file.Name == PackedManifest.WeightsFileName);
        if (manifest < 0 || weights is null)
            return input;
        string text = System.Text.Encoding.Latin1.GetString(input.Files[manifest].Bytes);
        text = Checksum().Replace(text, Convert.ToHexStringLower(SHA256.HashData(weights.Bytes)));
        return input.With(manifest, new FuzzFile(PackedManifest.FileName, System.Text.Encoding.Latin1.GetBytes(text)));
    }

    // Creates the seeds that only this project's writers can make.
    private static string Make()
    {
        string folder = Directory.CreateTempSubdirectory("q2-fuzz-seeds-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        string plain = Path.Combine(folder, "plain.safetensors");
        float[] values = [.. Enumerable.Range(0, 24).Select(i => MathF.Sin(i))];
        SafetensorsWriter.Write(
            plain,
            [
                SafetensorsWriter.Item.Single("a.weight", [3, 8], values),
                SafetensorsWriter.Item.Single("b.weight", [2, 3, 1, 1], values.AsMemory(0, 6)),
                SafetensorsWriter.Item.Int64("c", [2], new[] { 1L, 2L }),
            ],
            new Dictionary<string, string> { ["format"] = "pt" }
        );
        SafetensorsWriter.Write(
            Path.Combine(folder, "features.safetensors"),
            [SafetensorsWriter.Item.Single("image_features", [6, 4], values)],
            new Dictionary<string, string>()
        );
        using SafetensorsFile source = SafetensorsFile.Open(plain);
        QuantizerBank bank = QuantizerBankBuilder.Build(
            source,
            Weights,
            Path.Combine(folder, "bank"),
            new BankOptions(1)
        );
        string packed = Directory.CreateDirectory(Path.Combine(folder, "packed")).FullName;
        PackedModelWriter.WriteDenoiser(
            source,
            Weights,
            BitAllocation.ForEach(Weights, weight => QuantizerSpec.PaperOptions[weight.Name == "a" ? 1 : 4]),
            bank,
            packed,
            null,
            null,
            null,
            CancellationToken.None
        );
        Directory.CreateDirectory(Path.Combine(folder, "predictor"));
        var network = new PredictorNetwork(new PredictorShape([new PositionColumn("block", 3, 1)], 4, 4), 1);
        PredictorFile.Write(
            Path.Combine(folder, "predictor", "predictor.safetensors"),
            [new Predictor(network, new TargetScale(0, 1, false), PredictorLoss.Hybrid)],
            new RidgeSolution([0.5, -0.5], 0.1, 3),
            OwnJson.Parse<Fit>(Samples.Record<Fit>("a.json").Bytes, "predictor.json", Remedy.Fit)
        );
        return folder;
    }

    [GeneratedRegex("(?<=\"sha256\": ?\")[0-9a-f]{64}(?=\")")]
    private static partial Regex Checksum();
}
