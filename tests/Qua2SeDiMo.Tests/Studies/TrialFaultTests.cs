using Microsoft.Data.Sqlite;
using Microsoft.ML.OnnxRuntime;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Storage;
using Qua2SeDiMo.Studies;
using Xunit;

namespace Qua2SeDiMo.Tests.Studies;

// These tests classify exceptions that .NET itself throws, so they must create such.
#pragma warning disable CA2201

public sealed class TrialFaultTests
{
    public static TheoryData<string> Surroundings { get; } =
    [.. Errors.Where(pair => pair.Value.Origin == FaultOrigin.Surroundings).Select(pair => pair.Key)];

    public static TheoryData<string> Subjects { get; } =
    [.. Errors.Where(pair => pair.Value.Origin == FaultOrigin.Subject).Select(pair => pair.Key)];

    private static Dictionary<string, (FaultOrigin Origin, Exception Error)> Errors =>
        new()
        {
            ["input or output"] = (FaultOrigin.Surroundings, new IOException("Input/output error")),
            ["a file that is gone"] = (FaultOrigin.Surroundings, new FileNotFoundException("gone")),
            ["a folder that is gone"] = (FaultOrigin.Surroundings, new DirectoryNotFoundException("gone")),
            ["a file that ends early"] = (FaultOrigin.Surroundings, new EndOfStreamException("short")),
            ["permissions"] = (FaultOrigin.Surroundings, new UnauthorizedAccessException("no")),
            ["a full disk"] = (FaultOrigin.Surroundings, new StorageException(StorageFault.DiskFull, "full")),
            ["memory"] = (FaultOrigin.Surroundings, new OutOfMemoryException("no memory")),
            ["a stop that nobody asked for"] = (FaultOrigin.Surroundings, new OperationCanceledException()),
            ["the store"] = (FaultOrigin.Surroundings, new StudyFileException("damaged")),
            ["the database"] = (FaultOrigin.Surroundings, new SqliteException("disk I/O error", 10)),
            ["the bank"] = (FaultOrigin.Surroundings, new QuantizerBankException("no such file")),
            ["the model"] = (FaultOrigin.Surroundings, new ModelFolderException("no such folder")),
            ["a library that is not there"] = (FaultOrigin.Surroundings, new DllNotFoundException("libonnxruntime.so")),
            ["several at once, one of them a disk"] = (
                FaultOrigin.Surroundings,
                new AggregateException(new InvalidOperationException("x"), new IOException("disk"))
            ),
            ["a disk behind a wrapper"] = (
                FaultOrigin.Surroundings,
                new InvalidOperationException("while scoring", new IOException("disk"))
            ),
            ["a graph that the runtime refuses"] = (
                FaultOrigin.Surroundings,
                new InferenceException("refused", Runtime("not implemented"))
            ),
            ["memory of the runtime"] = (
                FaultOrigin.Surroundings,
                Failed("Failed to allocate memory for requested buffer of size 4194304")
            ),
            ["memory of a kernel"] = (
                FaultOrigin.Surroundings,
                Failed("Non-zero status code returned while running Conv node. std::bad_alloc")
            ),
            ["a kernel that throws"] = (
                FaultOrigin.Subject,
                Failed("Non-zero status code returned while running Gather node. indices element out of data bounds")
            ),
            ["an exception of ours"] = (FaultOrigin.Subject, new IndexOutOfRangeException("here")),
            ["a picture that cannot be"] = (FaultOrigin.Subject, new InvalidDataException("no picture")),
            ["several parts of one loop"] = (
                FaultOrigin.Subject,
                new AggregateException(new InvalidDataException("a"), new InvalidDataException("b"))
            ),
        };

    [Theory]
    [MemberData(nameof(Surroundings))]
    public void The_surroundings_are_to_blame_for(string error) => Check(error);

    [Theory]
    [MemberData(nameof(Subjects))]
    public void The_allocation_is_to_blame_for(string error) => Check(error);

    [Fact]
    public void The_reason_is_in_words_for_people()
    {
        Assert.Equal("full", TrialFault.Of(new StorageException(StorageFault.DiskFull, "full")).Reason);
        Assert.Equal("IndexOutOfRangeException: here", TrialFault.Of(new IndexOutOfRangeException("here")).Reason);
        Assert.Contains("--batch", TrialFault.Of(new OutOfMemoryException("x")).Reason, StringComparison.Ordinal);
    }

    private static void Check(string error) =>
        Assert.Equal(Errors[error].Origin, TrialFault.Of(Errors[error].Error).Origin);

    private static InferenceException Failed(string words) =>
        new("unet: the runtime failed", Runtime(words)) { IsOfRun = true };

    // Exceptions of ONNX Runtime have no public constructor.
    private static OnnxRuntimeException Runtime(string words)
    {
        var error = (OnnxRuntimeException)
            System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(typeof(OnnxRuntimeException));
        typeof(Exception)
            .GetField("_message", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!
            .SetValue(error, words);
        return error;
    }
}
