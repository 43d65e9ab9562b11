using Microsoft.ML.OnnxRuntime;

namespace Qua2SeDiMo.Inference;

/// <summary>Which ONNX Runtime is loaded.</summary>
internal static class RuntimeVersion
{
    /// <summary>For instance <c>1.31.1</c>.</summary>
    public static string Text => OrtEnv.Instance().GetVersionString();
}
