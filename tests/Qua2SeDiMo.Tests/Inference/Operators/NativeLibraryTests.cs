using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.OnnxRuntime;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Operators;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Xunit;

namespace Qua2SeDiMo.Tests.Inference.Operators;

/// <summary>The operators as a shared library in hosts outside of this project. Needs a C compiler; publishing takes
/// half a minute.</summary>
[Trait("Speed", "Slow")]
public sealed class NativeLibraryTests(NativeLibraryTests.Published published)
    : IClassFixture<NativeLibraryTests.Published>
{
    private static string RuntimePackage => Metadata("OnnxRuntimePackage");

    private static string RuntimeLibrary =>
        Path.Combine(RuntimePackage, "runtimes", "linux-x64", "native", "libonnxruntime.so");

    [Fact]
    public void Places_in_the_runtimes_tables_are_those_of_its_header()
    {
        Dictionary<string, long> header = published
            .RunHost("slots")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' '))
            .ToDictionary(parts => parts[0], parts => long.Parse(parts[1]));

        Assert.All(Enum.GetValues<RuntimeApi.Slot>(), slot => Assert.Equal(header[slot.ToString()], (long)slot));
        FieldInfo[] members =
        [
            .. typeof(OrtCustomOp)
                .GetFields(BindingFlags.Instance | BindingFlags.NonPublic)
                .Where(field => header.ContainsKey($"op.{field.Name}")),
        ];
        Assert.Equal(header.Keys.Count(name => name.StartsWith("op.", StringComparison.Ordinal)), members.Length);
        Assert.All(
            members,
            field => Assert.Equal(header[$"op.{field.Name}"], (long)Marshal.OffsetOf<OrtCustomOp>(field.Name))
        );
    }

    [Theory]
    [InlineData("uaq-3", null)]
    [InlineData("kmeans-c-4", null)]
    [InlineData("kmeans-a-3", 8)]
    public void A_program_in_c_gets_what_this_process_computes(string option, int? activationBits)
    {
        (Graph graph, MemoryTensors checkpoint, TensorValue x) = Model(option, activationBits);
        string model = published.In($"{option}.onnx"),
            input = published.In("x.bin"),
            output = published.In("y.bin");
        OnnxWriter.Write(graph, checkpoint, model);
        using (FileStream stream = File.Create(input))
            stream.Write(MemoryMarshal.AsBytes(x.Singles.AsSpan()));

        published.RunHost("run", RuntimeLibrary, published.Library, model, input, output, "2", "6", "12", "10");

        float[] found = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(output)).ToArray();
        Assert.Equal(PaletteFixture.Run(graph, checkpoint, x).Singles, found);
    }

    [Fact]
    public void A_session_that_loads_the_library_by_path_gets_the_same()
    {
        (Graph graph, MemoryTensors checkpoint, TensorValue x) = Model("uaq-4", null);
        using var options = new SessionOptions();
        options.RegisterCustomOpLibraryV2(published.Library, out _);
        using var session = new InferenceSession(OnnxWriter.ToBytes(graph, checkpoint), options);
        using var input = OrtValue.CreateTensorValueFromMemory(x.Singles, [.. x.Shape]);
        using var run = new RunOptions();

        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, ["x"], [input], ["y"]);

        Assert.Equal(
            PaletteFixture.Run(graph, checkpoint, x).Singles,
            results[0].GetTensorDataAsSpan<float>().ToArray()
        );
    }

    [Fact]
    public void A_damaged_weight_is_an_error_of_the_host_not_a_crash()
    {
        (Graph graph, MemoryTensors checkpoint, TensorValue x) = Model("uaq-4", null);
        Initializer[] initializers =
        [
            .. graph.Initializers.Select(initializer =>
                initializer is Initializer.Computed weight
                    ? weight with
                    {
                        Fill = destination => destination.Clear(),
                    }
                    : initializer
            ),
        ];
        string model = published.In("damaged.onnx"),
            input = published.In("x.bin");
        OnnxWriter.Write(
            new Graph(graph.Name, graph.Inputs, graph.Outputs, graph.Nodes, initializers, graph.Weights, graph.Values),
            checkpoint,
            model
        );
        using (FileStream stream = File.Create(input))
            stream.Write(MemoryMarshal.AsBytes(x.Singles.AsSpan()));

        string message = published.FailHost(
            "run",
            RuntimeLibrary,
            published.Library,
            model,
            input,
            published.In("y.bin"),
            "2",
            "6",
            "12",
            "10"
        );

        Assert.Contains("damaged", message, StringComparison.Ordinal);
    }

    // A convolution, then a linear layer over the last axis.
    private static (Graph, MemoryTensors, TensorValue) Model(string option, int? activationBits)
    {
        MemoryTensors checkpoint = new MemoryTensors()
            .WithRandom("conv.weight", 1, 8, 6, 3, 3)
            .WithRandom("conv.bias", 2, 8)
            .WithRandom("proj.weight", 3, 16, 10)
            .WithRandom("proj.bias", 4, 16);
        var g = new GraphBuilder("Both", checkpoint);
        g.Output(
            "y",
            g.Linear("proj", g.Conv2d("conv", g.Input("x", ElementType.Float32, "batch", 6, 12, 10), 8, 3, 1, 1), 16)
        );
        Graph graph = g.Build();
        QuantizerSpec spec = QuantizerSpec.TryParse(option, out QuantizerSpec? found)
            ? found
            : throw new ArgumentException(option);
        return (
            PaletteProgram.Rewrite(
                graph,
                PaletteFixture.Quantize(graph, checkpoint, spec),
                ActivationAllocation.Everywhere(activationBits)
            ),
            checkpoint,
            PaletteFixture.Random(9, 2, 6, 12, 10)
        );
    }

    private static string Metadata(string key) =>
        typeof(NativeLibraryTests)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .First(attribute => attribute.Key == key)
            .Value!;

    /// <summary>The library and the C program, built once.</summary>
    public sealed class Published : IDisposable
    {
        private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-native-");

        public Published()
        {
            string project = Path.Combine(RepositoryFiles.Root, "src", "Qua2SeDiMo.Native");
            Run(
                "dotnet",
                [
                    "publish",
                    project,
                    "-c",
                    "Release",
                    "-r",
                    RuntimeInformation.RuntimeIdentifier,
                    $"-p:Avx512={(Avx512BW.IsSupported ? "true" : "false")}",
                    "-v",
                    "quiet",
                    "--nologo",
                    "-o",
                    folder.FullName,
                ]
            );
            Run(
                "gcc",
                [
                    "-O1",
                    "-Wall",
                    $"-I{Path.Combine(RuntimePackage, "build", "native", "include")}",
                    Path.Combine(RepositoryFiles.Root, "tests", "NativeHost", "host.c"),
                    "-o",
                    In("host"),
                    "-ldl",
                ]
            );
        }

        internal string Library => In("qua2sedimo_operators.so");

        internal string In(string name) => Path.Combine(folder.FullName, name);

        internal string RunHost(params string[] arguments) => Run(In("host"), arguments);

        internal string FailHost(params string[] arguments)
        {
            (int code, _, string error) = Start(In("host"), arguments);
            Assert.Equal(1, code);
            return error;
        }

        public void Dispose() => folder.Delete(recursive: true);

        private static string Run(string program, string[] arguments)
        {
            (int code, string output, string error) = Start(program, arguments);
            Assert.True(code == 0, $"{program} ended with {code}: {output}{error}");
            return output;
        }

        private static (int Code, string Output, string Error) Start(string program, string[] arguments)
        {
            var start = new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            // Selects this process's kernel variant: the library rejects a variant that it does not have.
            start.Environment[KernelSelector.Variable] = KernelSelector.ActiveName;
            using Process process = Process.Start(start)!;
            Task<string> error = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output, error.Result);
        }
    }
}
