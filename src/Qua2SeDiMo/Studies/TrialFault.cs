using Microsoft.Data.Sqlite;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Studies;

/// <summary>
/// Why a trial could not be evaluated: the one place that decides whether a trial fails or the run stops. A trial fails
/// only by what its own allocation causes; whatever comes from its surroundings would condemn the next trial as well.
/// </summary>
/// <param name="Origin">The allocation (<see cref="FaultOrigin.Subject"/>), or what is around it.</param>
/// <param name="Reason">Reason, as text.</param>
internal sealed record TrialFault(FaultOrigin Origin, string Reason)
{
    /// <summary>Judges an error of an evaluation that was not cancelled.</summary>
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

    // The error and what it was thrown for; wrappers of tasks say nothing of their own.
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
