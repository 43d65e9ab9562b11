using Qua2SeDiMo.Json;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Reports;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Allocations;

namespace Qua2SeDiMo.Fuzz.Targets;

/// <summary>Readers of single JSON documents, of other programs and of this project.</summary>
internal static class JsonTargets
{
    private static readonly string[] Weights = ["w", "v", "v#1"];

    internal static IEnumerable<FuzzTarget> All()
    {
        yield return new FuzzTarget(
            "json",
            () =>
                [
                    FuzzInput.Of(
                        "a.json",
                        """{"a": [1, {"b": "text", "n": -2.5e3}], "c": null, "d": {"e": true, "f": [[0], []]}}"""
                    ),
                    .. Hostile("dup-keys"),
                    .. Hostile("surrogate"),
                ],
            input =>
            {
                ForeignValue value = ForeignJson.Parse(input.Bytes, "a.json", new Notes());
                Walk(value);
                if (value.IsObject)
                    ContentHash.Of(value.AsObject());
                Walk(ForeignJson.Parse(input.Bytes, "a.json", byHand: true));
            }
        );
        yield return new FuzzTarget(
            "allocations",
            () => [Allocations],
            input => AllocationFile.Of(ForeignJson.Parse(input.Bytes, "a.json"), Weights)
        )
        {
            QuickInputs = 1000,
        };
        yield return new FuzzTarget(
            "allocation-choice",
            () =>
                [
                    Allocations,
                    FuzzInput.Of("a.json", """{"w": "uaq-4"}"""),
                    FuzzInput.Of("a.json", """{"allocation": {"v": "kmeans-c-3"}}"""),
                    FuzzInput.Of(
                        "a.json",
                        """{"entries": [{"key": "k", "allocation": null}, {"key": "l", "allocation": {}}]}"""
                    ),
                ],
            input =>
                AllocationChoice.Of(
                    ForeignJson.Parse(input.Bytes, "a.json"),
                    input.Bytes.Length % 2 == 0 ? null : "a",
                    Weights
                )
        );
        yield return new FuzzTarget(
            "image-processor",
            () =>
                [
                    FuzzInput.Of(
                        "a.json",
                        File.ReadAllBytes(Path.Combine(Samples.Root, "models/emoji-clip/preprocessor_config.json"))
                    ),
                    FuzzInput.Of(
                        "a.json",
                        """{"do_resize": true, "size": {"shortest_edge": 24}, "do_center_crop": true, "crop_size": {"height": 24, "width": 20}, "resample": 3, "do_normalize": true, "image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.2]}"""
                    ),
                ],
            input => ClipImageProcessor.FromJson(ForeignJson.Parse(input.Bytes, "a.json")).OutputSize(33, 21)
        );
        yield return new FuzzTarget(
            "model-description",
            () =>
                [
                    FuzzInput.Of(
                        "a.json",
                        """{"class": "A", "config": {"a": 1}, "parameter_count": 14, "tensors": [{"name": "w", "shape": [3, 4], "kind": "Linear"}, {"name": "b", "shape": [2], "kind": "Linear"}]}"""
                    ),
                ],
            input => RandomModelSpec.Of(ForeignJson.Parse(input.Bytes, "a.json"))
        );
        yield return new FuzzTarget(
            "manifest",
            () =>
                [
                    FuzzInput.Of(
                        "a.json",
                        """{"format": "q2-packed", "version": 1, "weights": "q2_weights.safetensors", "sha256": "00", "source": "a", "quantized_bytes": 10, "average_bits": 4.5, "activation_bits": 8, "original_type": "Float32", "table_type": "Float16", "plan": {"plan": "p"}, "parts": {"a": ["uaq-4", [2, 3]], "b": [null, [2, 3, 1, 1], {"tensor": "t", "input_start": 1, "tensor_inputs": 9, "original_type": "BFloat16"}]}}"""
                    ),
                ],
            input => OwnJson.Parse(input.Bytes, "q2_manifest.json", Remedy.Pack, PackedManifest.Of)
        );
        yield return new FuzzTarget(
            "pack-note",
            () =>
                [
                    FuzzInput.Of(
                        "a.json",
                        """{"format": "q2-pack-note", "version": 1, "kind": "diffusers", "average_bits": 4.1, "activation_bits": null, "plan": null, "allocation": {"w": "uaq-4"}}"""
                    ),
                ],
            input => OwnJson.Parse(input.Bytes, "q2_pack.json", Remedy.Pack, PackNote.Of)
        );
        yield return new FuzzTarget(
            "bank-manifest",
            () =>
                [
                    FuzzInput.Of(
                        "a.json",
                        """{"format": "q2-bank", "version": "2", "source": "x", "options": ["uaq-4", "kmeans-c-3"], "weights": [{"name": "w", "file": "w.safetensors", "out_channels": 2, "row_length": 3, "original_type": "Float32", "table_type": "Float16", "fingerprint": "f", "mean_error": {"uaq-4": 0.5, "kmeans-c-3": 0.25}}]}"""
                    ),
                    .. BankSeeds(),
                ],
            input => OwnJson.Parse(input.Bytes, "bank.json", Remedy.Bank, QuantizerBankFile.ManifestOf)
        );
        yield return Own<StudyRecord>("study.json", Remedy.Study);
        yield return Own<Plan>(
            "plan.json",
            Remedy.Plan,
            plan =>
            {
                foreach (PlanEntry entry in plan.Entries)
                    _ = entry.Allocation.ToJson();
            },
            PlanSeed
        );
        yield return Own<Fit>("predictor.json", Remedy.Fit);
        yield return Own<SensitivityRecord>("sensitivity.json", Remedy.Explain);
        yield return Own<Dictionary<string, double>>("timings.json", Remedy.Run);
        yield return Own<ReportData>("report.json", Remedy.Report, amend: PlanSeed);
        yield return new FuzzTarget(
            "settings",
            () => [FuzzInput.Of("a.json", """{"model": "m", "steps": "8"}""")],
            input => _ = StudySettings.FromJson(input.Text).Fingerprint
        );
    }

    internal static IEnumerable<FuzzInput> Hostile(string folder) =>
        Directory
            .EnumerateFiles(Path.Combine(Samples.Root, "tests", "hostile", folder), "*.json")
            .Order(StringComparer.Ordinal)
            .Select(path => FuzzInput.Of("a.json", File.ReadAllBytes(path)));

    /// <summary>Reads every value as every type.</summary>
    internal static void Walk(ForeignValue value)
    {
        _ = value.Path + value.Excerpt();
        Ask(() => value.Int());
        Ask(() => value.Long());
        Ask(() => value.Number());
        Ask(() => value.Text());
        Ask(() => value.Flag());
        if (value.IsList)
            foreach (ForeignValue item in value.Items.Take(20))
                Walk(item);
        if (value.IsObject)
            foreach ((_, ForeignValue member) in value.Members.Take(20))
                Walk(member);

        static void Ask<T>(Func<T> ask)
        {
            try
            {
                _ = ask();
            }
            catch (JsonFileException)
            {
                // The value has another type; the error could state its location and describe it.
            }
        }
    }

    private static FuzzInput Allocations =>
        FuzzInput.Of(
            "a.json",
            """{"trials": [{"name": "a", "allocation": {"w": "uaq-4", "v": "kmeans-a-3"}, "average_bits": 3.9, "quantized_bytes": 120, "metrics": {"kid_clip": 0.2, "psnr_mean": 20}}, {"name": "b", "allocation": null}]}"""
        );

    // Replaces texts of a plan that must have certain values.
    private static string PlanSeed(string json) =>
        json.Replace("\"predictor\":\"a\"", "\"predictor\":\"network\"", StringComparison.Ordinal)
            .Replace("\"model\":\"a\"", "\"model\":\"network\"", StringComparison.Ordinal)
            .Replace("\"budget\":{\"w\":\"uaq-4\"}", "\"budget\":\"3.5\"", StringComparison.Ordinal)
            .Replace("\"activationBits\":1", "\"activationBits\":8", StringComparison.Ordinal)
            .Replace("\"activations\":{\"a\":1", "\"activations\":{\"a\":8", StringComparison.Ordinal);

    private static FuzzTarget Own<T>(
        string name,
        Remedy remedy,
        Action<T>? use = null,
        Func<string, string>? amend = null
    ) =>
        new(
            name,
            () =>
                [
                    FuzzInput.Of(
                        "a.json",
                        amend?.Invoke(Samples.Record<T>("a.json").Text) ?? Samples.Record<T>("a.json").Text
                    ),
                ],
            input =>
            {
                T record = OwnJson.Parse<T>(input.Bytes, name, remedy);
                use?.Invoke(record);
            }
        );

    // The manifest of a bank that is written now, so that this seed is never outdated.
    private static IEnumerable<FuzzInput> BankSeeds() =>
        TensorTargets
            .BankInput()
            .Files.Where(file => file.Name.EndsWith(".json", StringComparison.Ordinal))
            .Select(file => FuzzInput.Of("a.json", file.Bytes));
}
