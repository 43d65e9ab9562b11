namespace Qua2SeDiMo.Studies;

/// <summary>A store that is open for one piece of work.</summary>
internal static class StudyStoreUse
{
    /// <summary>Does the work and closes the store, whatever happens.</summary>
    internal static T Use<T>(this SqliteStudyStore store, Func<SqliteStudyStore, T> work)
    {
        try
        {
            return work(store);
        }
        finally
        {
            store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
