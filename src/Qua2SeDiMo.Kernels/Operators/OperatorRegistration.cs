using System.Runtime.InteropServices;

namespace Qua2SeDiMo.Kernels.Operators;

/// <summary>
/// Operators over palette-coded weights for ONNX Runtime (docs/formats.md), registered with a session through the
/// runtime's C interface. The same code serves this process and, compiled ahead of time, any host that loads it as a
/// library. No exception leaves a callback: each becomes an OrtStatus.
/// </summary>
internal static unsafe class OperatorRegistration
{
    private const int Optional = 1;
    private const int TypeFloat = 1;
    private const int TypeByte = 2;
    private const int InputCount = 3;
    private const int BiasInput = 2;

    private static readonly Lock Gate = new();

    // One per runtime in this process, by the address of its OrtApiBase.
    private static readonly Dictionary<nint, (RuntimeApi Api, nint Domain)> Domains = [];

    /// <summary>Registers the operators with all sessions that are created with these options.</summary>
    /// <param name="apiBase">OrtApiBase of the runtime.</param>
    /// <param name="sessionOptions">OrtSessionOptions.</param>
    /// <exception cref="OperatorException">The runtime is too old, or a call to it failed.</exception>
    internal static void Register(nint apiBase, nint sessionOptions)
    {
        lock (Gate)
        {
            if (!Domains.TryGetValue(apiBase, out (RuntimeApi Api, nint Domain) known))
            {
                var api = RuntimeApi.Of(apiBase);
                known = (api, api.CreateDomain(PaletteOperatorNames.Domain));
                foreach (PaletteOperator kind in Enum.GetValues<PaletteOperator>())
                    api.AddOperator(known.Domain, (nint)Describe(kind));
                Domains.Add(apiBase, known);
            }
            known.Api.AddDomain(sessionOptions, known.Domain);
        }
    }

    // Never freed: sessions may live as long as the process.
    private static OrtCustomOp* Describe(PaletteOperator kind)
    {
        var op = (OrtCustomOp*)NativeMemory.AllocZeroed((nuint)sizeof(OrtCustomOp));
        op->Version = RuntimeApi.TableVersion;
        op->Kind = kind;
        op->Name = (byte*)
            Marshal.StringToCoTaskMemUTF8(
                kind == PaletteOperator.MatMul ? PaletteOperatorNames.MatMul : PaletteOperatorNames.Conv
            );
        op->GetName = &GetName;
        op->GetExecutionProviderType = &GetExecutionProviderType;
        op->GetInputType = &GetInputType;
        op->GetInputTypeCount = &GetInputTypeCount;
        op->GetOutputType = &GetOutputType;
        op->GetOutputTypeCount = &GetOutputTypeCount;
        op->GetInputCharacteristic = &GetInputCharacteristic;
        op->GetOutputCharacteristic = &Zero;
        op->GetInputMemoryType = &Zero;
        op->GetVariadicInputMinArity = &None;
        op->GetVariadicInputHomogeneity = &None;
        op->GetVariadicOutputMinArity = &None;
        op->GetVariadicOutputHomogeneity = &None;
        op->CreateKernelV2 = &CreateKernel;
        op->KernelComputeV2 = &Compute;
        op->KernelDestroy = &Destroy;
        op->GetStartVersion = &FirstVersion;
        op->GetEndVersion = &LastVersion;
        return op;
    }

    [UnmanagedCallersOnly]
    private static byte* GetName(OrtCustomOp* op) => op->Name;

    // Null means the CPU provider.
    [UnmanagedCallersOnly]
    private static byte* GetExecutionProviderType(OrtCustomOp* op) => null;

    [UnmanagedCallersOnly]
    private static int GetInputType(OrtCustomOp* op, nuint index) => index == 1 ? TypeByte : TypeFloat;

    [UnmanagedCallersOnly]
    private static nuint GetInputTypeCount(OrtCustomOp* op) => InputCount;

    [UnmanagedCallersOnly]
    private static int GetOutputType(OrtCustomOp* op, nuint index) => TypeFloat;

    [UnmanagedCallersOnly]
    private static nuint GetOutputTypeCount(OrtCustomOp* op) => 1;

    [UnmanagedCallersOnly]
    private static int GetInputCharacteristic(OrtCustomOp* op, nuint index) => index == BiasInput ? Optional : 0;

    [UnmanagedCallersOnly]
    private static int Zero(OrtCustomOp* op, nuint index) => 0;

    [UnmanagedCallersOnly]
    private static int None(OrtCustomOp* op) => 0;

    [UnmanagedCallersOnly]
    private static int FirstVersion(OrtCustomOp* op) => 1;

    [UnmanagedCallersOnly]
    private static int LastVersion(OrtCustomOp* op) => int.MaxValue;

    [UnmanagedCallersOnly]
    private static nint CreateKernel(OrtCustomOp* op, nint table, nint info, nint* kernel)
    {
        var api = new RuntimeApi(table);
        try
        {
            *kernel = GCHandle.ToIntPtr(GCHandle.Alloc(OperatorKernel.Create(op->Kind, api, info)));
            return 0;
        }
        catch (Exception error)
        {
            return Describe(api, error);
        }
    }

    [UnmanagedCallersOnly]
    private static nint Compute(nint kernel, nint context)
    {
        var own = (OperatorKernel)GCHandle.FromIntPtr(kernel).Target!;
        try
        {
            own.Compute(context);
            return 0;
        }
        catch (Exception error)
        {
            return Describe(own.Api, error);
        }
    }

    [UnmanagedCallersOnly]
    private static void Destroy(nint kernel) => GCHandle.FromIntPtr(kernel).Free();

    private static nint Describe(RuntimeApi api, Exception error) =>
        error switch
        {
            OperatorException => api.CreateStatus(RuntimeApi.ErrorCode.InvalidArgument, error.Message),
            _ => api.CreateStatus(RuntimeApi.ErrorCode.Fail, $"{error.GetType().Name}: {error.Message}"),
        };
}
