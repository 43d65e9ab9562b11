using System.Globalization;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Architectures;

/// <summary>Finds configuration keys whose values explain an extent that the checkpoint does not have.</summary>
internal static class ExtentKeys
{
    /// <summary>The keys with their values, for instance <c>block_out_channels[0] = 2147483647</c>, or pairs of keys
    /// whose product is the extent; empty when there are none.</summary>
    internal static string Of(ComponentConfig config, ParameterException error)
    {
        if (error.Wanted.Count == 0)
            return "";
        HashSet<long> wrong = [.. error.Wanted.Except(error.Stored).Where(extent => extent > 1)];
        (string Key, long Value)[] numbers = [.. Numbers(config).Where(number => number.Value > 1)];
        string[] said = [.. numbers.Where(number => wrong.Contains(number.Value)).Select(Text)];
        if (said.Length == 0)
        {
            said =
            [
                .. numbers.SelectMany(
                    (first, i) =>
                        numbers
                            .Skip(i + 1)
                            .Where(second => wrong.Contains(first.Value * second.Value))
                            .Select(second => $"{Text(first)} with {Text(second)}")
                ),
            ];
        }
        return string.Join(", ", said.Take(3));
    }

    private static IEnumerable<(string Key, long Value)> Numbers(ComponentConfig config)
    {
        foreach ((string key, ForeignValue value) in config.Members)
        {
            if (value.TryInt(out int number))
                yield return (key, number);
            if (!value.IsList)
                continue;
            for (int i = 0; i < value.Items.Count; i++)
            {
                if (value.Items[i].TryInt(out int item))
                    yield return (string.Create(CultureInfo.InvariantCulture, $"{key}[{i}]"), item);
            }
        }
    }

    private static string Text((string Key, long Value) number) =>
        string.Create(CultureInfo.InvariantCulture, $"{number.Key} = {number.Value}");
}
