using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Qua2SeDiMo.Kernels;
using Qua2SeDiMo.Storage;
using Qua2SeDiMo.Tests.Docs;
using Xunit;
using Assembly = System.Reflection.Assembly;

namespace Qua2SeDiMo.Tests;

/// <summary>
/// Dependencies between the rooms (folders, two levels deep) of the library, read from the compiled assemblies
/// (docs/decisions/0014-rooms.md). The approved table is Rooms.txt beside this file; a new dependency is a decision,
/// made by changing that file.
/// </summary>
public sealed class RoomRules
{
    // Uses all other rooms, with one file per verb. No room may use it.
    private const string Stages = "Stages";
    private const string Root = "(root)";
    private static readonly Lazy<SortedDictionary<string, SortedSet<string>>> Rooms = new(Read);

    private static string ApprovedPath => Path.Combine(RepositoryFiles.Root, "tests", "Qua2SeDiMo.Tests", "Rooms.txt");

    [Fact]
    public void Rooms_use_each_other_as_approved()
    {
        string now = string.Concat(Rooms.Value.Select(room => $"{room.Key}: {string.Join(", ", room.Value)}\n"));
        if (GeneratedBlock.IsRefreshing)
        {
            AtomicFile.WriteText(ApprovedPath, now);
            return;
        }
        HashSet<string> approved = Arrows(File.ReadAllText(ApprovedPath)),
            compiled = Arrows(now);

        string[] faults =
        [
            .. compiled.Except(approved).Order(StringComparer.Ordinal).Select(arrow => $"new: {arrow}"),
            .. approved.Except(compiled).Order(StringComparer.Ordinal).Select(arrow => $"gone: {arrow}"),
        ];
        Assert.True(
            faults.Length == 0,
            $"{string.Join('\n', faults)}\nIf that is meant: ./build.sh docs writes {ApprovedPath} again."
        );
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void No_rooms_use_each_other_in_a_circle(int depth)
    {
        var uses = Rooms
            .Value.SelectMany(room => room.Value.Select(used => (From: Outer(room.Key, depth), To: Outer(used, depth))))
            .Where(arrow => arrow.From != arrow.To)
            .Distinct()
            .ToLookup(arrow => arrow.From, arrow => arrow.To);
        var open = Rooms.Value.Keys.Select(room => Outer(room, depth)).ToHashSet();
        Assert.True(open.Count > 20);
        while (open.RemoveWhere(room => !uses[room].Any(open.Contains)) > 0) { }

        Assert.True(
            open.Count == 0,
            "In a circle, or above one: "
                + string.Join(
                    "; ",
                    open.Select(room => $"{room} → {string.Join(", ", uses[room].Where(open.Contains))}")
                )
        );
    }

    [Fact]
    public void No_room_uses_the_stages() =>
        Assert.DoesNotContain(Rooms.Value, room => room.Key != Stages && room.Value.Contains(Stages));

    [Fact]
    public void The_stages_are_about_fifteen_files()
    {
        string folder = Path.Combine(RepositoryFiles.Root, "src", "Qua2SeDiMo", Stages);
        Assert.InRange(Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories).Length, 10, 17);
    }

    private static HashSet<string> Arrows(string table) =>
        [
            .. from line in table.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            let parts = line.Split(": ", 2)
            from used in parts[^1].Split(", ", StringSplitOptions.RemoveEmptyEntries)
            select $"{parts[0]} → {used}",
        ];

    private static string Outer(string room, int depth) => string.Join('.', room.Split('.').Take(depth));

    private static SortedDictionary<string, SortedSet<string>> Read()
    {
        Assembly[] assemblies = [typeof(Notes).Assembly, typeof(PaletteMatMul).Assembly];
        var rooms = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (IType type in new ArchLoader().LoadAssemblies(assemblies).Build().Types)
        {
            if (RoomOf(type) is not { } room)
                continue;
            if (!rooms.TryGetValue(room, out SortedSet<string>? used))
                rooms[room] = used = new SortedSet<string>(StringComparer.Ordinal);
            if (room == Stages)
                continue;
            used.UnionWith(
                type.Dependencies.Select(dependency => RoomOf(dependency.Target))
                    .OfType<string>()
                    .Where(target => target != room)
            );
        }
        return rooms;
    }

    // The first two folders of a type's namespace. Types in the root may be used by all rooms and use none, which the
    // test for cycles ensures.
    private static string? RoomOf(IType type)
    {
        string name = type.FullName.Split('+', '/', '`', '<')[0];
        string[] parts = name.Split('.')[..^1];
        if (parts.Length == 0 || parts[0] != "Qua2SeDiMo")
            return null;
        return parts.Length == 1 ? Root : string.Join('.', parts.Skip(1).Take(2));
    }
}
