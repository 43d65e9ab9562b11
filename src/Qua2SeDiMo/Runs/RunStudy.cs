using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Storage;

namespace Qua2SeDiMo.Runs;

/// <summary>Reads the studies that a run directory holds in its database.</summary>
internal static class RunStudy
{
    /// <summary>The database, to read from; nothing that is read depends on the time.</summary>
    /// <exception cref="Q2Exception">There is none, it is damaged, or holds no study of that name.</exception>
    internal static SqliteStudyStore Reader(RunDirectory run, string study = Study.DefaultName) =>
        SqliteStudyStore.Open(run.StudyDatabase, TimeProvider.System, study);

    /// <summary>The study of random allocations.</summary>
    /// <exception cref="Q2Exception">There is none, or its file is damaged.</exception>
    internal static Study Open(RunDirectory run)
    {
        using SqliteStudyStore store = Reader(run);
        return store.Study;
    }

    /// <summary>Its trials, or those of another study of the run.</summary>
    /// <exception cref="Q2Exception">There is none, or its file is damaged.</exception>
    internal static IReadOnlyList<Trial> Trials(RunDirectory run, string study = Study.DefaultName)
    {
        if (!File.Exists(run.StudyDatabase))
            throw new ModelFolderException($"{run.StudyDatabase}: not there yet; make it first.")
            {
                Remedy = Remedy.Study,
            };
        using SqliteStudyStore store = Reader(run, study);
        return store.List();
    }
}
