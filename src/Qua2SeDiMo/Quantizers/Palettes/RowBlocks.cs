namespace Qua2SeDiMo.Quantizers.Palettes;

/// <summary>Runs work over the rows of a weight on several threads; small weights run on the calling thread.</summary>
internal static class RowBlocks
{
    // About a third of a millisecond of the cheapest work. Smaller blocks would cost more to schedule than they gain.
    private const int WeightsPerBlock = 1 << 14;

    /// <summary>Calls <paramref name="work"/> once per row, in any order.</summary>
    internal static void Run(int rows, int rowLength, ParallelOptions? parallel, Action<int> work) =>
        Run<object?>(rows, rowLength, parallel, () => null, (row, _) => work(row));

    /// <summary>Calls <paramref name="work"/> once per row, in any order, with a state that no two threads
    /// share.</summary>
    internal static void Run<TState>(
        int rows,
        int rowLength,
        ParallelOptions? parallel,
        Func<TState> create,
        Action<int, TState> work
    )
    {
        parallel ??= new ParallelOptions();
        int rowsPerBlock = Math.Max(1, WeightsPerBlock / Math.Max(1, rowLength));
        int blocks = (rows + rowsPerBlock - 1) / rowsPerBlock;
        if (blocks == 1 || parallel.MaxDegreeOfParallelism == 1)
        {
            TState state = create();
            for (int row = 0; row < rows; row++)
            {
                if (row % rowsPerBlock == 0)
                    parallel.CancellationToken.ThrowIfCancellationRequested();
                work(row, state);
            }
            return;
        }
        Parallel.For(
            0,
            blocks,
            parallel,
            create,
            (block, _, state) =>
            {
                int end = Math.Min(rows, (block + 1) * rowsPerBlock);
                for (int row = block * rowsPerBlock; row < end; row++)
                    work(row, state);
                return state;
            },
            _ => { }
        );
    }
}
