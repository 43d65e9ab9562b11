using System.Runtime.InteropServices;

namespace Qua2SeDiMo.Kernels.Operators;

/// <summary>
/// The structure by which the runtime knows an operator, member for member as in its header of table version 17; later
/// versions only append. What follows it is ours: callbacks get a pointer to the structure and find it there.
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

    // Added by later versions and zero here: a runtime that reads past our version by mistake finds that nothing is
    // there.
    internal nint GetMayInplace;
    internal nint ReleaseMayInplace;
    internal nint GetAliasMap;
    internal nint ReleaseAliasMap;

    /// <summary>Ours: which operator this is.</summary>
    internal PaletteOperator Kind;

    /// <summary>Ours: its name, ending in zero.</summary>
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
