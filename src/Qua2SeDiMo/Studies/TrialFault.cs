using Microsoft.Data.Sqlite;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Studies;

/// <summary>
/// Cause of an error during the evaluation of a trial; decides whether the trial fails or the run stops. A trial fails
/// only if its own allocation is the cause. Any other cause would affect the next trials as well, so it stops the run.
/// </summary>
/// <param name="Origin">The allocation (<see cref="FaultOrigin.Subject"/>), or its surroundings.</param>
/// <param name="Reason">The cause as text.</param>
internal sealed record TrialFault(FaultOrigin Origin, string Reason)
{
    /// <summary>Classifies an error of an evaluation that was not cancelled.</summary>
    public static TrialFault Of(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        List<Exception> causes = [.. Causes(error)];
        Exception first = causes[0];
        if (causes.Find(IsOfSurroundings) is { } outside)
            return new TrialFault(FaultOrigin.Surroundings, Words(first is Q2Exception ? first : outside));
        Q2Exception? own = causes.OfType<Q2Exception>().FirstOrDefault();
        return new TrialFault(own?.Origin ?? FaultOrigin.Subject, Words(own ?? first));
    }

    // The error and its inner exceptions; an AggregateException is replaced by what it contains.
    private static IEnumerable<Exception> Causes(Exception error) =>
        error is AggregateException several ? several.Flatten().InnerExceptions.SelectMany(Causes).DefaultIfEmpty(error)
        : error.InnerException is { } inner ? Causes(inner).Prepend(error)
        : [error];

    private static bool IsOfSurroundings(Exception error) =>
        error
            is IOException
                or UnauthorizedAccessException
                or OutOfMemoryException
                or OperationCanceledException
                or TimeoutException
                or SqliteException
                or TypeLoadException
                or TypeInitializationException
                or BadImageFormatException
                or ObjectDisposedException
                or System.ComponentModel.Win32Exception;

    private static string Words(Exception error) =>
        error switch
        {
            Q2Exception => error.Message,
            OutOfMemoryException =>
                $"no memory is left ({error.Message}). {StorageException.AdviceFor(StorageFault.OutOfMemory)}",
            _ when StorageException.Explains(error) => StorageException.For(null, error).Message,
            _ => $"{error.GetType().Name}: {error.Message}",
        };
}
