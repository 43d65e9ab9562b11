using Microsoft.ML.OnnxRuntime;

namespace Qua2SeDiMo.Inference;

/// <summary>Version of the loaded ONNX Runtime.</summary>
internal static class RuntimeVersion
{
    /// <summary>The version, for instance <c>1.31.1</c>.</summary>
    public static string Text => OrtEnv.Instance().GetVersionString();
}
