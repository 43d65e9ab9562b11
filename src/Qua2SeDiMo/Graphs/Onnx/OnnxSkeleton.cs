using Google.Protobuf;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.OnnxSchema;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Graphs.Onnx;

/// <summary>
/// An ONNX model without the data of its large tensors, which lie in another container under the same names: what a
/// packed model keeps of an exported denoiser. It is read by <see cref="OnnxReader"/>; only the tensors differ.
/// </summary>
internal static class OnnxSkeleton
{
    /// <summary>Metadata key of a model whose tensors lie elsewhere.</summary>
    internal const string ElsewhereKey = "q2.tensors";

    /// <summary>Writes the skeleton of a model.</summary>
    /// <param name="sourcePath">The whole model.</param>
    /// <param name="path">Where to.</param>
    /// <exception cref="OnnxFormatException">The source is damaged.</exception>
    public static void Write(string sourcePath, string path)
    {
        ModelProto model = OnnxReader.Parse(sourcePath);
        using var tensors = new OnnxTensors(sourcePath);
        foreach (TensorProto proto in model.Graph.Initializer)
        {
            TensorInfo info = tensors.Add(proto, isElsewhere: false);
            bool isHeld = OnnxReader.IsHeld(info);
            byte[] data = [];
            if (isHeld)
            {
                data = new byte[info.SizeBytes];
                tensors.ReadBytes(info.Name, 0, data);
            }
            proto.ExternalData.Clear();
            proto.DataLocation = TensorProto.Types.DataLocation.Default;
            proto.FloatData.Clear();
            proto.DoubleData.Clear();
            proto.Int32Data.Clear();
            proto.Int64Data.Clear();
            proto.RawData = UnsafeByteOperations.UnsafeWrap(data);
        }
        model.MetadataProps.Add(new StringStringEntryProto { Key = ElsewhereKey, Value = "elsewhere" });
        AtomicFile.Write(path, model.WriteTo);
    }
}
