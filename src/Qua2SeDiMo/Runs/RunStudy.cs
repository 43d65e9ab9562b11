using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Storage;

namespace Qua2SeDiMo.Runs;

/// <summary>Reads the studies in a run directory's database.</summary>
internal static class RunStudy
{
    /// <summary>Opens the database for reading. The clock is not used: only leases depend on time.</summary>
    /// <exception cref="Q2Exception">The database is missing or damaged, or has no study of this name.</exception>
    internal static SqliteStudyStore Reader(RunDirectory run, string study = Study.DefaultName) =>
        SqliteStudyStore.Open(run.StudyDatabase, TimeProvider.System, study);

    /// <summary>The run's main study.</summary>
    /// <exception cref="Q2Exception">The study is missing, or its file is damaged.</exception>
    internal static Study Open(RunDirectory run)
    {
        using SqliteStudyStore store = Reader(run);
        return store.Study;
    }

    /// <summary>The trials of the main study, or of another study of the run.</summary>
    /// <exception cref="Q2Exception">The study is missing, or its file is damaged.</exception>
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
