using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Fuzz.Targets;

/// <summary>Valid inputs: reference files of the repository, and records filled with values by their types.</summary>
internal static class Samples
{
    internal static string Root { get; } = FindRoot();

    internal static string Golden(string relative) => Path.Combine(Root, "tests", "golden", relative);

    /// <summary>An input from files of a folder, under other names.</summary>
    internal static FuzzInput Folder(string folder, params (string Source, string Name)[] files) =>
        new([.. files.Select(file => new FuzzFile(file.Name, File.ReadAllBytes(Path.Combine(folder, file.Source))))]);

    internal static FuzzFile OfText(string name, string text) => new(name, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>A JSON document of a record type, with two items in every list.</summary>
    internal static FuzzInput Record<T>(string name)
    {
        JsonNode? node = Fill(OwnJson.Options.GetTypeInfo(typeof(T)), 0);
        if (node is JsonObject members)
            members.Insert(0, "version", OwnJson.Version);
        return FuzzInput.Of(name, node!.ToJsonString());
    }

    private static JsonNode? Fill(JsonTypeInfo type, int depth)
    {
        if (depth > 20)
            return null;
        Type plain = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object:
                return new JsonObject(
                    type.Properties.Where(property =>
                            property.Set is not null || property.AssociatedParameter is not null
                        )
                        .Select(property =>
                            KeyValuePair.Create(
                                property.Name,
                                property.CustomConverter is not null
                                    ? new JsonObject { ["w"] = "uaq-4" }
                                    : Fill(OwnJson.Options.GetTypeInfo(property.PropertyType), depth + 1)
                            )
                        )
                );
            case JsonTypeInfoKind.Enumerable:
                JsonTypeInfo item = OwnJson.Options.GetTypeInfo(type.ElementType!);
                return new JsonArray(Fill(item, depth + 1), Fill(item, depth + 1));
            case JsonTypeInfoKind.Dictionary:
                return new JsonObject { ["a"] = Fill(OwnJson.Options.GetTypeInfo(type.ElementType!), depth + 1) };
            default:
                return plain == typeof(string) ? "a"
                    : plain == typeof(TimeSpan) ? "00:00:01"
                    : plain == typeof(byte[]) ? "AAAA"
                    : plain == typeof(DateTimeOffset) ? "2026-01-01T00:00:00+00:00"
                    : plain == typeof(bool) ? true
                    : plain.IsEnum
                        ? JsonSerializer.SerializeToNode(Enum.GetValues(plain).GetValue(0), plain, OwnJson.Options)
                    : plain.IsPrimitive ? 1
                    : null;
        }
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Qua2SeDiMo.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder
            ?? throw new InvalidOperationException(
                "The fuzz project runs inside the repository, whose reference files it needs."
            );
    }
}
