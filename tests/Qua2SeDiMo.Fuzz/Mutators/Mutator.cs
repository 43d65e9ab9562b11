namespace Qua2SeDiMo.Fuzz.Mutators;

/// <summary>Mutates valid files: by their structure, so that they pass the first checks, and sometimes by bytes
/// alone.</summary>
internal static class Mutator
{
    private const int LargestFile = 1_000_000;

    /// <summary>Changes one or more files of an input.</summary>
    /// <param name="input">The input.</param>
    /// <param name="others">Inputs from which pieces may be taken.</param>
    /// <param name="dice">Random numbers.</param>
    internal static FuzzInput Mutate(FuzzInput input, IReadOnlyList<FuzzInput> others, Dice dice)
    {
        for (int changes = dice.Few(6); changes > 0; changes--)
        {
            int index = dice.Next(input.Files.Count);
            FuzzFile file = input.Files[index];
            if (input.Files.Count > 1 && dice.OneIn(60))
                return new FuzzInput([.. input.Files.Where((_, i) => i != index)]);
            FuzzInput donor = dice.Pick(others);
            FuzzFile piece =
                donor.Files.FirstOrDefault(candidate =>
                    Path.GetExtension(candidate.Name) == Path.GetExtension(file.Name)
                ) ?? file;
            byte[] bytes = dice.OneIn(16)
                ? ByteMutator.Mutate(file.Bytes, piece.Bytes, dice)
                : Path.GetExtension(file.Name) switch
                {
                    ".json" => JsonMutator.Mutate(file, piece, dice),
                    ".safetensors" => SafetensorsMutator.Mutate(file, piece, dice),
                    ".onnx" or ".model" => WireMutator.Mutate(file.Bytes, piece.Bytes, dice),
                    ".png" => PngMutator.Mutate(file.Bytes, dice),
                    ".csv" or ".txt" => TextMutator.Mutate(file.Bytes, piece.Bytes, dice),
                    ".sql" => SqlMutator.Mutate(file.Bytes, piece.Bytes, dice),
                    _ => ByteMutator.Mutate(file.Bytes, piece.Bytes, dice),
                };
            if (bytes.Length <= LargestFile)
                input = input.With(index, new FuzzFile(file.Name, bytes));
        }
        return input;
    }
}
