using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Qua2SeDiMo.Kernels.Operators;

/// <summary>Loops on the runtime's own threads, so that an operator adds no threads that compete with them.</summary>
internal static unsafe class RuntimeParallel
{
    /// <summary>
    /// Runs a body for 0 … count − 1 and waits. If bodies throw, the text of one of the exceptions is thrown as an
    /// <see cref="OperatorException"/>; a single body runs on the calling thread, and its exception passes unchanged.
    /// </summary>
    internal static void For(RuntimeApi api, nint context, int count, Action<int> body)
    {
        if (count == 1)
        {
            body(0);
            return;
        }
        var loop = new Loop(body);
        var handle = GCHandle.Alloc(loop);
        try
        {
            api.ParallelFor(context, count, &RunOne, GCHandle.ToIntPtr(handle));
        }
        finally
        {
            handle.Free();
        }
        if (loop.Failure is { } failure)
            throw new OperatorException($"{failure.GetType().Name}: {failure.Message}");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void RunOne(nint state, nuint index)
    {
        var loop = (Loop)GCHandle.FromIntPtr(state).Target!;
        try
        {
            loop.Body((int)index);
        }
        catch (Exception error)
        {
            loop.Failure ??= error;
        }
    }

    private sealed class Loop(Action<int> body)
    {
        internal Action<int> Body { get; } = body;

        internal Exception? Failure { get; set; }
    }
}
