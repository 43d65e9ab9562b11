using System.Text;

namespace Qua2SeDiMo.Fuzz.Mutators;

/// <summary>Changes text by characters, words and lines; inserted pieces are separators, combining characters and
/// characters outside of the basic multilingual plane.</summary>
internal static class TextMutator
{
    private static readonly string[] Pieces =
    [
        ",",
        ";",
        "\t",
        "\n",
        "\r\n",
        "\"",
        "\"\"",
        "'",
        "#",
        " ",
        "0",
        "1",
        "-1",
        "1e999",
        "NaN",
        "inf",
        "0x1",
        "1,5",
        "|",
        "\u0000",
        "\u0301",
        "\u0308\u0301",
        "\ud83d\ude00",
        "\u200d",
        "\ufeff",
        "\u00a0",
        "\u0130",
        "\ufb01",
        "\uac01",
        "\u1100\u1161",
        "<pad>",
        "</s>",
        "<|endoftext|>",
        "[CLS]",
        "<extra_id_0>",
        "##a",
        "\u2581",
        "target",
        "options",
        "id",
        "uaq-4",
        "kmeans-c-3",
        "\ufffd",
        "\u202e",
    ];

    internal static byte[] Mutate(byte[] bytes, byte[] other, Dice dice)
    {
        string text = Encoding.UTF8.GetString(bytes);
        int at = dice.Next(text.Length + 1);
        switch (dice.Next(7))
        {
            case 0 or 1:
                return Encoding.UTF8.GetBytes(text.Insert(at, dice.Pick(Pieces)));
            case 2:
                return Encoding.UTF8.GetBytes(
                    text.Insert(
                        at,
                        string.Concat(
                            Enumerable.Repeat(dice.Pick(Pieces), dice.OneIn(20) ? dice.Length(3000) : dice.Length(40))
                        )
                    )
                );
            case 3:
                return Encoding.UTF8.GetBytes(text.Remove(at, Math.Min(text.Length - at, dice.Length(40))));
            case 4:
            {
                List<string> lines = [.. text.Split('\n')];
                int line = dice.Next(lines.Count);
                string[] donors = Encoding.UTF8.GetString(other).Split('\n');
                if (dice.OneIn(3))
                    lines.RemoveAt(line);
                else if (dice.OneIn(2))
                    lines.Insert(line, lines[dice.Next(lines.Count)]);
                else
                    lines.Insert(line, dice.Pick(donors));
                return Encoding.UTF8.GetBytes(string.Join('\n', lines));
            }
            case 5:
            {
                // Random code points.
                var more = new StringBuilder();
                for (int i = dice.Length(30); i > 0; i--)
                    more.Append(new Rune(dice.OneIn(4) ? 0x1F000 + dice.Next(0xFFF) : dice.Next(0xD000)));
                return Encoding.UTF8.GetBytes(text.Insert(at, more.ToString()));
            }
            default:
                return ByteMutator.Mutate(bytes, other, dice);
        }
    }
}
