namespace Qua2SeDiMo.Kernels.Codes;

/// <summary>The precision of stored tables. The size formula counts tables at the weight's original precision, so table
/// values are rounded to it before a study or a packed file uses them.</summary>
internal static class TablePrecision
{
    /// <summary>Type of the tables of a weight: its original type if that is Float16 or BFloat16, else
    /// Float32.</summary>
    internal static ElementType For(ElementType original) =>
        original is ElementType.Float16 or ElementType.BFloat16 ? original : ElementType.Float32;

    /// <summary>P of the size formula: 16 or 32.</summary>
    internal static int Bits(ElementType table) => 8 * For(table).SizeBytes();

    /// <summary>The nearest value that the type holds, ties to even; infinity beyond its range.</summary>
    internal static float Round(ElementType table, float value) =>
        table switch
        {
            ElementType.Float16 => (float)(Half)value,
            ElementType.BFloat16 => BFloat16.Round(value),
            _ => value,
        };

    /// <summary>The smallest positive value that the type holds.</summary>
    internal static float Epsilon(ElementType table) =>
        table switch
        {
            ElementType.Float16 => (float)Half.Epsilon,
            ElementType.BFloat16 => BFloat16.Epsilon,
            _ => float.Epsilon,
        };

    /// <summary>Stores values that the type holds exactly, little-endian.</summary>
    internal static void Write(ElementType table, ReadOnlySpan<float> values, Span<byte> destination)
    {
        for (int i = 0; i < values.Length; i++)
        {
            switch (table)
            {
                case ElementType.Float16:
                    BitConverter.TryWriteBytes(destination[(i * 2)..], (Half)values[i]);
                    break;
                case ElementType.BFloat16:
                    BitConverter.TryWriteBytes(destination[(i * 2)..], BFloat16.ToBits(values[i]));
                    break;
                default:
                    BitConverter.TryWriteBytes(destination[(i * 4)..], values[i]);
                    break;
            }
        }
    }
}
