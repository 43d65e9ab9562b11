using System.Numerics.Tensors;
using System.Text.Json;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Palettes;

namespace Qua2SeDiMo.Verification;

/// <summary>
/// Gradients through whole sampling runs (golden/gradients/trajectory): <c>NAME.json</c> and <c>NAME.safetensors</c>,
/// for a model in a folder <c>models</c> above or beside. Compares the products of gradients and changes for every
/// weight and option, by image, cotangent and step, with cotangents of the latents, of the image and of single calls.
/// </summary>
internal static class TrajectoryGradientCases
{
    private const int LatentCotangents = 2;

    // MaxTied: largest share of weights and options with two equally good palettes. Rounding: relative difference of
    // changes up to which they count as equal.
    private const double MaxTied = 0.06,
        Rounding = 1e-4;
    private const int Looks = 4;
    private const float Nudge = 1e-6f;

    /// <summary>Runs one case.</summary>
    /// <param name="path">The JSON file.</param>
    /// <param name="cancellationToken">Checked before each pass.</param>
    public static IReadOnlyList<VerificationResult> Verify(string path, CancellationToken cancellationToken = default)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        return Comparison.Guard(
            name,
            () =>
            {
                using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
                using SafetensorsFile stored = SafetensorsFile.Open(Path.ChangeExtension(path, ".safetensors"));
                using OpenModel model = OpenModel.Open(
                    FindModel(path, document.RootElement.GetProperty("model").GetString()!)
                );
                return new Run(name, document.RootElement, stored, model, cancellationToken).All();
            }
        );
    }

    private static string FindModel(string path, string name)
    {
        for (DirectoryInfo? place = new FileInfo(path).Directory; place is not null; place = place.Parent)
        {
            string found = Path.Combine(place.FullName, "models", name);
            if (name.Length > 0 && Directory.Exists(found))
                return found;
        }
        throw new ModelFolderException(
            $"{path}: its model '{name}' was not found in a folder 'models' beside it or further up."
        );
    }

    private sealed class Run(
        string name,
        JsonElement root,
        SafetensorsFile stored,
        OpenModel model,
        CancellationToken cancellationToken
    )
    {
        private readonly string[] weights =
        [
            .. root.GetProperty("weights").EnumerateArray().Select(weight => weight.GetProperty("name").GetString()!),
        ];
        private readonly QuantizerSpec[] specs =
        [
            .. root.GetProperty("options")
                .EnumerateArray()
                .Select(text =>
                    QuantizerSpec.TryParse(text.GetString(), out QuantizerSpec? spec)
                        ? spec
                        : throw new FormatException($"unknown option {text}")
                ),
        ];

        private readonly int images = root.GetProperty("images").GetArrayLength(),
            steps = root.GetProperty("steps").GetInt32();
        private readonly int[] callSteps = JsonArrays.Integers(root.GetProperty("one_call_steps"));
        private readonly Dictionary<string, float[][]> whole = new(StringComparer.Ordinal);

        // Indices of weight and option, in the order of the products.
        private readonly HashSet<int> tied = [];

        internal IEnumerable<VerificationResult> All()
        {
            double guidance = root.GetProperty("guidance").GetDouble();
            var request = new GenerationRequest
            {
                StepCount = steps,
                GuidanceScale = guidance,
                BatchSize = images,
            };
            using WeightBinding binding = model.CreateBinding();
            using var pipeline = new DiffusionPipeline(model.Parts(new InferenceOptions()), model.Tensors, binding);
            string[] texts = [.. root.GetProperty("prompts").EnumerateArray().Select(text => text.GetString()!)];
            EncodedPrompts prompts = pipeline.Encode(texts, request);
            GivenNoise Start() => new(stored.ReadSingle("noise"), pipeline.LatentShape(request).Length);
            var results = new List<VerificationResult>();
            Effects Make(
                SketchOptions options,
                Func<int, int, float[]> given,
                Action<int, float[]>? noiseGradient = null
            )
            {
                using var sketcher = new Sketcher(pipeline, model.Tensors, binding, options)
                {
                    Given = (image, cotangent, own) => given(image, cotangent).AsSpan().TryCopyTo(own),
                    NoiseGradient = noiseGradient,
                };
                return sketcher.Run(prompts, Start(), 0, request, specs, Changes, null, cancellationToken);
            }

            var noise = new List<VerificationResult>();
            Effects latents = Make(
                new SketchOptions { Cotangents = LatentCotangents },
                (image, cotangent) => Row("cotangent.latent", image, cotangent),
                (cotangent, gradient) => noise.AddRange(Noise(cotangent, gradient, "adjoint"))
            );
            results.AddRange(Compare(latents, 0, "products", ""));
            Effects decoded = Make(
                new SketchOptions { Cotangents = 1, Target = SketchTarget.Image },
                (image, _) => Row("cotangent.image", image, 0),
                (_, gradient) => noise.AddRange(Noise(LatentCotangents, gradient, "adjoint.image"))
            );
            results.AddRange(Compare(decoded, LatentCotangents, "products", ".image"));
            for (int i = 0; i < callSteps.Length; i++)
            {
                int at = i;
                var options = new SketchOptions
                {
                    Cotangents = LatentCotangents,
                    Target = SketchTarget.Calls,
                    Steps = [callSteps[i]],
                };
                Effects calls = Make(options, (image, cotangent) => Row("one_call.cotangent", image, at, cotangent));
                results.Add(CompareCalls(calls, at));
            }
            results.AddRange(Latents(pipeline.Trace(prompts, Start(), request, cancellationToken)));
            return [.. results, .. noise, Ties()];
        }

        // The change of the whole weight, restricted to the input channels of the part.
        private IReadOnlyList<float[]> Changes(GraphWeight weight)
        {
            QuantizableWeight part = weight.Weight;
            if (!whole.TryGetValue(part.TensorName, out float[][]? changes))
            {
                long[] shape = [part.Shape[0], part.TensorInputs, .. part.Shape.Skip(2)];
                WeightMatrix matrix = WeightMatrix.Read(model.Tensors, part with { InputStart = 0, Shape = shape });
                // The references use tables in single precision, regardless of the checkpoint's type.
                changes =
                [
                    .. WeightQuantizer
                        .Quantize(matrix, specs, ElementType.Float32)
                        .Select(quantized =>
                        {
                            float[] change = new float[matrix.Count];
                            quantized.Dequantize(change);
                            for (int i = 0; i < change.Length; i++)
                                change[i] -= matrix.Values.Span[i];
                            return change;
                        }),
                ];
                whole.Add(part.TensorName, changes);
                FindTies(matrix, Array.IndexOf(weights, QuantizableWeight.WholeOf(part.Name)), changes);
            }
            if (!part.IsPart)
                return changes;
            int kernel = part.RowLength / (int)part.Shape[1],
                row = (int)part.TensorInputs * kernel,
                start = (int)part.InputStart * kernel;
            return
            [
                .. changes.Select(change =>
                    Enumerable
                        .Range(0, part.OutChannels)
                        .SelectMany(channel => change.AsSpan((channel * row) + start, part.RowLength).ToArray())
                        .ToArray()
                ),
            ];
        }

        // For half-precision values two palettes often have equal error, and either is correct. Quantizing slightly
        // perturbed values finds such ties.
        private void FindTies(WeightMatrix matrix, int weight, float[][] changes)
        {
            QuantizerSpec[] palettes = [.. specs.Where(spec => spec.Method != QuantizerMethod.UniformAffine)];
            var random = new Pcg32(1);
            for (int look = 0; look < Looks; look++)
            {
                float[] moved =
                [
                    .. matrix.Values.ToArray().Select(value => value * (1 + (Nudge * (float)random.NextNormal()))),
                ];
                var other = new WeightMatrix(
                    matrix.Name,
                    moved,
                    matrix.OutChannels,
                    matrix.RowLength,
                    ElementType.Float32
                );
                foreach (
                    (QuantizerSpec spec, QuantizedWeight quantized) in palettes.Zip(
                        WeightQuantizer.Quantize(other, palettes)
                    )
                )
                {
                    int option = Array.IndexOf(specs, spec);
                    quantized.Dequantize(moved);
                    TensorPrimitives.Subtract(moved, matrix.Values.Span, moved);
                    float size = TensorPrimitives.Norm(changes[option]);
                    if (TensorPrimitives.Distance(moved, changes[option]) > Rounding * size)
                        tied.Add((weight * specs.Length) + option);
                }
            }
        }

        private VerificationResult Ties()
        {
            double share = (double)tied.Count / (weights.Length * specs.Length);
            return new VerificationResult(
                name,
                "share of weights and options with two best palettes, left out",
                share,
                share,
                MaxTied,
                share <= MaxTied,
                null
            );
        }

        private IEnumerable<VerificationResult> Latents(DenoisingTrace trace)
        {
            for (int image = 0; image < images; image++)
            {
                for (int step = 0; step <= steps; step++)
                {
                    float[] expected = Row("latents", image, step);
                    double size = Math.Sqrt(expected.Sum(value => (double)value * value));
                    yield return Comparison.OfNorm(
                        name,
                        $"latents: image {image}, before step {step}",
                        expected,
                        trace.Latents[step].AsSpan(image * expected.Length, expected.Length),
                        Tolerance("latents") * size
                    );
                }
            }
        }

        private IEnumerable<VerificationResult> Compare(Effects sketch, int first, string quantity, string suffix)
        {
            double tolerance = Tolerance($"products{suffix}"),
                totalTolerance = Tolerance($"products_total{suffix}");
            for (int cotangent = 0; cotangent < sketch.Cotangents; cotangent++)
            {
                for (int image = 0; image < images; image++)
                {
                    double[] total = new double[weights.Length * specs.Length];
                    for (int step = 0; step < steps; step++)
                    {
                        double[] actual = Products(sketch, image, cotangent, step);
                        for (int i = 0; i < total.Length; i++)
                            total[i] += actual[i];
                        yield return Against(
                            $"{quantity}{suffix}: image {image}, cotangent {first + cotangent}, step {step}",
                            actual,
                            Row("products", image, first + cotangent, step),
                            Row("norms", image, first + cotangent, step),
                            tolerance
                        );
                    }
                    yield return Against(
                        $"totals{suffix}: image {image}, cotangent {first + cotangent}",
                        total,
                        Row("products_total", image, first + cotangent),
                        Row("norms_total", image, first + cotangent),
                        totalTolerance
                    );
                }
            }
        }

        private VerificationResult CompareCalls(Effects sketch, int at)
        {
            var actual = new List<double>();
            var expected = new List<float>();
            var norms = new List<float>();
            for (int image = 0; image < images; image++)
            {
                for (int cotangent = 0; cotangent < sketch.Cotangents; cotangent++)
                {
                    actual.AddRange(Products(sketch, image, cotangent, 0));
                    expected.AddRange(Row("one_call.products", image, at, cotangent));
                    norms.AddRange(Row("one_call.norms", image, at, cotangent));
                }
            }
            return Against(
                $"call {callSteps[at]}",
                [.. actual],
                [.. expected],
                [.. norms],
                Tolerance("one_call.products")
            );
        }

        // Sums the products of the parts of a split weight.
        private double[] Products(Effects sketch, int image, int cotangent, int step)
        {
            double[] sums = new double[weights.Length * specs.Length];
            for (int weight = 0; weight < sketch.Weights.Count; weight++)
            {
                int place = Array.IndexOf(weights, QuantizableWeight.WholeOf(sketch.Weights[weight]));
                for (int option = 0; option < specs.Length; option++)
                {
                    sums[(place * specs.Length) + option] += sketch[image, cotangent, step, weight, option];
                }
            }
            return sums;
        }

        // Compares relative to the largest possible product, that of the norms of gradient and change.
        private VerificationResult Against(
            string output,
            double[] actual,
            float[] expected,
            float[] norms,
            double tolerance
        )
        {
            float[] changes = stored.ReadSingle("d_norms");
            double Unit(int i) => (double)norms[i / specs.Length] * changes[i % changes.Length];
            bool Counts(int i) => Unit(i) != 0 && !tied.Contains(i % (weights.Length * specs.Length));
            double[] Relative(Func<int, double> values) =>
                [.. Enumerable.Range(0, actual.Length).Select(i => Counts(i) ? values(i) / Unit(i) : 0)];
            return Comparison.Of(name, output, Relative(i => expected[i]), Relative(i => actual[i]), tolerance);
        }

        private IEnumerable<VerificationResult> Noise(int cotangent, float[] gradient, string quantity)
        {
            for (int image = 0; image < images; image++)
            {
                float[] expected = Row("adjoint", image, cotangent, 0);
                double size = Math.Sqrt(expected.Sum(value => (double)value * value));
                yield return Comparison.OfNorm(
                    name,
                    $"{quantity}: image {image}, cotangent {cotangent}",
                    expected,
                    gradient.AsSpan(image * expected.Length, expected.Length),
                    Tolerance(quantity) * size
                );
            }
        }

        private double Tolerance(string quantity) => root.GetProperty("tolerance").GetProperty(quantity).GetDouble();

        // Reads the part of a stored tensor at given indices of its first axes.
        private float[] Row(string tensor, params int[] at)
        {
            IReadOnlyList<long> shape = stored.Tensors[tensor].Shape;
            long start = 0;
            for (int axis = 0; axis < at.Length; axis++)
                start = (start * shape[axis]) + at[axis];
            int length = checked((int)shape.Skip(at.Length).Aggregate(1L, (product, extent) => product * extent));
            float[] values = new float[length];
            stored.ReadSingle(tensor, start * length, values);
            return values;
        }
    }
}
