using System.Globalization;
using System.Text;

// The compiler turns every interpolated string of an assembly into calls of the type with this name, and prefers the
// assembly's own: so no file and no message of the library can take on the culture of the program that uses it
// (docs/decisions/0017-any-culture.md).
namespace System.Runtime.CompilerServices
{
    /// <summary>Builds interpolated strings in the invariant culture.</summary>
    [Microsoft.CodeAnalysis.Embedded]
    [InterpolatedStringHandler]
    internal struct DefaultInterpolatedStringHandler
    {
        private const int LengthOfValue = 11;
        private readonly StringBuilder text;
        private StringBuilder.AppendInterpolatedStringHandler values;

        public DefaultInterpolatedStringHandler(int literalLength, int formattedCount)
        {
            text = new StringBuilder(literalLength + (formattedCount * LengthOfValue));
            values = new StringBuilder.AppendInterpolatedStringHandler(
                literalLength,
                formattedCount,
                text,
                CultureInfo.InvariantCulture
            );
        }

        public void AppendLiteral(string value) => values.AppendLiteral(value);

        public void AppendFormatted<T>(T value) => values.AppendFormatted(value);

        public void AppendFormatted<T>(T value, string? format) => values.AppendFormatted(value, format);

        public void AppendFormatted<T>(T value, int alignment) => values.AppendFormatted(value, alignment);

        public void AppendFormatted<T>(T value, int alignment, string? format) =>
            values.AppendFormatted(value, alignment, format);

        public void AppendFormatted(string? value) => values.AppendFormatted(value);

        public void AppendFormatted(ReadOnlySpan<char> value) => values.AppendFormatted(value);

        public readonly string ToStringAndClear() => text.ToString();
    }
}

namespace Microsoft.CodeAnalysis
{
    /// <summary>Keeps a type from other assemblies, also from those that see internal ones.</summary>
    [Embedded]
    [AttributeUsage(AttributeTargets.All)]
    internal sealed class EmbeddedAttribute : Attribute;
}
