using System.Runtime.InteropServices;

namespace Qua2SeDiMo.Kernels.Operators;

/// <summary>
/// The structure that describes an operator to the runtime, with the members of the runtime's header of table version
/// 17 in their order; later versions only append members. This project's own members follow: callbacks receive a
/// pointer to the structure and read them there.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct OrtCustomOp
{
    /// <summary>Version of this structure; the runtime reads no member that a later version added.</summary>
    internal uint Version;

    internal nint CreateKernel;
    internal delegate* unmanaged<OrtCustomOp*, byte*> GetName;
    internal delegate* unmanaged<OrtCustomOp*, byte*> GetExecutionProviderType;
    internal delegate* unmanaged<OrtCustomOp*, nuint, int> GetInputType;
    internal delegate* unmanaged<OrtCustomOp*, nuint> GetInputTypeCount;
    internal delegate* unmanaged<OrtCustomOp*, nuint, int> GetOutputType;
    internal delegate* unmanaged<OrtCustomOp*, nuint> GetOutputTypeCount;
    internal nint KernelCompute;
    internal delegate* unmanaged<nint, void> KernelDestroy;
    internal delegate* unmanaged<OrtCustomOp*, nuint, int> GetInputCharacteristic;
    internal delegate* unmanaged<OrtCustomOp*, nuint, int> GetOutputCharacteristic;
    internal delegate* unmanaged<OrtCustomOp*, nuint, int> GetInputMemoryType;
    internal delegate* unmanaged<OrtCustomOp*, int> GetVariadicInputMinArity;
    internal delegate* unmanaged<OrtCustomOp*, int> GetVariadicInputHomogeneity;
    internal delegate* unmanaged<OrtCustomOp*, int> GetVariadicOutputMinArity;
    internal delegate* unmanaged<OrtCustomOp*, int> GetVariadicOutputHomogeneity;
    internal delegate* unmanaged<OrtCustomOp*, nint, nint, nint*, nint> CreateKernelV2;
    internal delegate* unmanaged<nint, nint, nint> KernelComputeV2;
    internal nint InferOutputShape;
    internal delegate* unmanaged<OrtCustomOp*, int> GetStartVersion;
    internal delegate* unmanaged<OrtCustomOp*, int> GetEndVersion;

    // Members of later versions, all zero: a runtime that reads them in spite of the lower version finds no callback.
    internal nint GetMayInplace;
    internal nint ReleaseMayInplace;
    internal nint GetAliasMap;
    internal nint ReleaseAliasMap;

    /// <summary>Own member: which operator this is.</summary>
    internal PaletteOperator Kind;

    /// <summary>Own member: its name, zero-terminated.</summary>
    internal byte* Name;
}

/// <summary>The operators of this project.</summary>
internal enum PaletteOperator
{
    /// <summary>y = x·Wᵀ + b.</summary>
    MatMul,

    /// <summary>Two-dimensional convolution.</summary>
    Conv,
}
