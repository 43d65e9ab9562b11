using System.Runtime.InteropServices;
using System.Text;

namespace Qua2SeDiMo.Kernels.Operators;

/// <summary>
/// The part of ONNX Runtime's C interface that custom operators need. It is a table of function pointers. New versions
/// only append to it, so that one table version serves every runtime from <see cref="OldestRuntime"/> on.
/// </summary>
internal sealed unsafe class RuntimeApi
{
    /// <summary>Version of the table that is requested: the first with ParallelFor and with callbacks that return an
    /// error.</summary>
    internal const uint TableVersion = 17;

    /// <summary>First runtime that offers this table version.</summary>
    internal const string OldestRuntime = "1.17";

    private readonly nint* table;

    /// <summary>Wraps a table of <see cref="TableVersion"/>, such as callbacks receive.</summary>
    internal RuntimeApi(nint table) => this.table = (nint*)table;

    /// <summary>Slots of OrtApi, from the header's order of members.</summary>
    internal enum Slot
    {
        CreateStatus = 0,
        GetErrorMessage = 2,
        CreateCustomOpDomain = 26,
        CustomOpDomainAdd = 27,
        AddCustomOpDomain = 28,
        GetTensorMutableData = 51,
        GetDimensionsCount = 61,
        GetDimensions = 62,
        GetTensorTypeAndShape = 65,
        KernelInfoGetAttributeInt64 = 86,
        KernelContextGetInputCount = 88,
        KernelContextGetInput = 90,
        KernelContextGetOutput = 91,
        ReleaseStatus = 93,
        ReleaseTensorTypeAndShapeInfo = 99,
        KernelInfoGetAttributeArrayInt64 = 163,
        KernelContextParallelFor = 274,
    }

    /// <summary>Codes of OrtErrorCode that operators return.</summary>
    internal enum ErrorCode
    {
        Fail = 1,
        InvalidArgument = 2,
    }

    private delegate* unmanaged<nint, nint> ReleaseStatus =>
        (delegate* unmanaged<nint, nint>)table[(int)Slot.ReleaseStatus];

    /// <summary>Finds the table of a runtime.</summary>
    /// <param name="apiBase">OrtApiBase: the result of <c>OrtGetApiBase</c>, or the pointer that the runtime passes to
    /// a library of operators.</param>
    /// <exception cref="OperatorException">The runtime is older than <see cref="OldestRuntime"/>.</exception>
    internal static RuntimeApi Of(nint apiBase)
    {
        nint found = Table(apiBase, TableVersion);
        if (found != 0)
            return new RuntimeApi(found);
        string? version = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)((nint*)apiBase)[1])());
        throw new OperatorException(
            $"ONNX Runtime {version} is too old for the operators of Qua2SeDiMo.NET, which need {OldestRuntime} or later."
        );
    }

    /// <summary>Creates an OrtStatus in a runtime of any version; the runtime releases it.</summary>
    internal static nint CreateStatus(nint apiBase, string message) =>
        new RuntimeApi(Table(apiBase, 1)).CreateStatus(ErrorCode.Fail, message);

    // OrtApiBase is two functions: GetApi and GetVersionString.
    private static nint Table(nint apiBase, uint version) =>
        ((delegate* unmanaged<uint, nint>)((nint*)apiBase)[0])(version);

    /// <summary>Creates an OrtStatus with a message; the runtime releases it.</summary>
    internal nint CreateStatus(ErrorCode code, string message)
    {
        byte[] text = Encoding.UTF8.GetBytes(message + '\0');
        fixed (byte* pointer = text)
            return ((delegate* unmanaged<int, byte*, nint>)table[(int)Slot.CreateStatus])((int)code, pointer);
    }

    /// <summary>Creates a domain of operators, which is never released.</summary>
    internal nint CreateDomain(string name)
    {
        nint domain;
        byte[] text = Encoding.UTF8.GetBytes(name + '\0');
        fixed (byte* pointer = text)
            Require(((delegate* unmanaged<byte*, nint*, nint>)table[(int)Slot.CreateCustomOpDomain])(pointer, &domain));
        return domain;
    }

    /// <summary>Adds an operator (an OrtCustomOp, which must stay at its address) to a domain.</summary>
    internal void AddOperator(nint domain, nint customOperator) =>
        Require(((delegate* unmanaged<nint, nint, nint>)table[(int)Slot.CustomOpDomainAdd])(domain, customOperator));

    /// <summary>Registers a domain with all sessions that are created with these OrtSessionOptions.</summary>
    internal void AddDomain(nint sessionOptions, nint domain) =>
        Require(((delegate* unmanaged<nint, nint, nint>)table[(int)Slot.AddCustomOpDomain])(sessionOptions, domain));

    /// <summary>An integer attribute of a node, or the given default when the node lacks it.</summary>
    internal long Attribute(nint kernelInfo, string name, long otherwise)
    {
        long value;
        byte[] text = Encoding.UTF8.GetBytes(name + '\0');
        nint status;
        fixed (byte* pointer = text)
            status = ((delegate* unmanaged<nint, byte*, long*, nint>)table[(int)Slot.KernelInfoGetAttributeInt64])(
                kernelInfo,
                pointer,
                &value
            );
        if (status == 0)
            return value;
        ReleaseStatus(status);
        return otherwise;
    }

    /// <summary>A list attribute of integers, or the given default when the node lacks it, or when it is empty or has
    /// more than 16.</summary>
    internal long[] Attribute(nint kernelInfo, string name, long[] otherwise)
    {
        byte[] text = Encoding.UTF8.GetBytes(name + '\0');
        var read = (delegate* unmanaged<nint, byte*, long*, nuint*, nint>)
            table[(int)Slot.KernelInfoGetAttributeArrayInt64];
        nuint count = 0;
        fixed (byte* pointer = text)
        {
            // Without a destination the call returns the length.
            nint status = read(kernelInfo, pointer, null, &count);
            if (status != 0)
                ReleaseStatus(status);
            if (status != 0 || count is 0 or > 16)
                return otherwise;
            long[] values = new long[count];
            fixed (long* destination = values)
                Require(read(kernelInfo, pointer, destination, &count));
            return values;
        }
    }

    /// <summary>Number of inputs of a call, without omitted ones at the end.</summary>
    internal int InputCount(nint context)
    {
        nuint count;
        Require(
            ((delegate* unmanaged<nint, nuint*, nint>)table[(int)Slot.KernelContextGetInputCount])(context, &count)
        );
        return (int)count;
    }

    /// <summary>An input's data and extents; null for an omitted input.</summary>
    internal RuntimeTensor? Input(nint context, int index)
    {
        nint value;
        Require(
            ((delegate* unmanaged<nint, nuint, nint*, nint>)table[(int)Slot.KernelContextGetInput])(
                context,
                (nuint)index,
                &value
            )
        );
        return value == 0 ? null : new RuntimeTensor(Data(value), Shape(value));
    }

    /// <summary>Creates an output and returns its data.</summary>
    internal void* Output(nint context, int index, ReadOnlySpan<long> shape)
    {
        nint value;
        fixed (long* extents = shape)
        {
            Require(
                ((delegate* unmanaged<nint, nuint, long*, nuint, nint*, nint>)table[(int)Slot.KernelContextGetOutput])(
                    context,
                    (nuint)index,
                    extents,
                    (nuint)shape.Length,
                    &value
                )
            );
        }
        return Data(value);
    }

    /// <summary>Runs a function count times on the runtime's own threads and waits for all.</summary>
    /// <param name="context">The call.</param>
    /// <param name="count">Number of calls.</param>
    /// <param name="function">Called with <paramref name="state"/> and an index from 0; must not throw.</param>
    /// <param name="state">Passed to the function unchanged.</param>
    internal void ParallelFor(
        nint context,
        int count,
        delegate* unmanaged[Cdecl]<nint, nuint, void> function,
        nint state
    ) =>
        Require(
            (
                (delegate* unmanaged<nint, delegate* unmanaged[Cdecl]<nint, nuint, void>, nuint, nuint, nint, nint>)
                    table[(int)Slot.KernelContextParallelFor]
            )(context, function, (nuint)count, 0, state)
        );

    private void* Data(nint value)
    {
        void* data;
        Require(((delegate* unmanaged<nint, void**, nint>)table[(int)Slot.GetTensorMutableData])(value, &data));
        return data;
    }

    private long[] Shape(nint value)
    {
        nint info;
        nuint rank;
        Require(((delegate* unmanaged<nint, nint*, nint>)table[(int)Slot.GetTensorTypeAndShape])(value, &info));
        try
        {
            Require(((delegate* unmanaged<nint, nuint*, nint>)table[(int)Slot.GetDimensionsCount])(info, &rank));
            long[] shape = new long[rank];
            fixed (long* extents = shape)
                Require(
                    ((delegate* unmanaged<nint, long*, nuint, nint>)table[(int)Slot.GetDimensions])(info, extents, rank)
                );
            return shape;
        }
        finally
        {
            ((delegate* unmanaged<nint, void>)table[(int)Slot.ReleaseTensorTypeAndShapeInfo])(info);
        }
    }

    private void Require(nint status)
    {
        if (status == 0)
            return;
        string message =
            Marshal.PtrToStringUTF8(((delegate* unmanaged<nint, nint>)table[(int)Slot.GetErrorMessage])(status))
            ?? "no message";
        ReleaseStatus(status);
        throw new OperatorException(message);
    }
}

/// <summary>A tensor in the runtime's memory, valid during the call that it belongs to.</summary>
/// <param name="Data">Row-major elements.</param>
/// <param name="Shape">Extents; empty for a scalar.</param>
internal sealed unsafe record RuntimeTensor(nint Data, long[] Shape)
{
    internal RuntimeTensor(void* data, long[] shape)
        : this((nint)data, shape) { }

    /// <summary>Number of elements.</summary>
    internal long Count
    {
        get
        {
            long count = 1;
            foreach (long extent in Shape)
                count = checked(count * extent);
            return count;
        }
    }
}

/// <summary>Thrown when an operator's inputs or attributes are invalid, or when a call to the runtime failed. Callbacks
/// turn it into an OrtStatus.</summary>
internal sealed class OperatorException(string message) : Exception(message);
