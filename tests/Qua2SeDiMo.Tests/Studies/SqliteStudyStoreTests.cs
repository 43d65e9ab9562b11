using Microsoft.Data.Sqlite;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests.Studies;

public sealed class SqliteStudyStoreTests : StudyStoreContract, IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-study-");

    private string FilePath => Path.Combine(folder.FullName, "run", "study.db");

    private protected override IStudyStore Open(StudySettings settings) =>
        SqliteStudyStore.OpenOrCreate(FilePath, settings, Clock);

    [Fact]
    public void A_study_survives_the_abrupt_end_of_its_process()
    {
        using IStudyStore abandoned = OpenWithTrials(3);
        abandoned.Complete(abandoned.LeaseNext(Worker(), 3)!, Result(20));
        abandoned.LeaseNext(DeadWorker(), 3);

        // The state on disk after a kill: database and write-ahead log, not closed.
        string copy = Path.Combine(folder.FullName, "copy.db");
        File.Copy(FilePath, copy);
        File.Copy(FilePath + "-wal", copy + "-wal");
        using SqliteStudyStore store = SqliteStudyStore.Open(copy, Clock);
        Assert.Equal(20, store.List()[0].Metrics["psnr"]);
        Assert.Equal(1, store.LeaseNext(Worker(), 3)!.Number);
        Assert.Equal(2, store.LeaseNext(Worker(), 3)!.Number);
    }

    [Fact]
    public void One_file_holds_several_studies()
    {
        using IStudyStore main = OpenWithTrials(2);
        using SqliteStudyStore other = SqliteStudyStore.OpenOrCreate(
            FilePath,
            new StudySettings([]),
            Clock,
            "reference"
        );
        Assert.Empty(other.List());
        using SqliteStudyStore again = SqliteStudyStore.Open(FilePath, Clock);
        Assert.Equal("tiny", again.Study.Settings.Values["model"]);
    }

    [Fact]
    public void A_missing_file_is_not_made_by_opening() =>
        Assert.Throws<StudyFileException>(() => SqliteStudyStore.Open(FilePath, Clock));

    [Fact]
    public void A_missing_study_of_an_existing_file_is_named()
    {
        using IStudyStore store = Open(Settings);
        Assert.Contains(
            "'other'",
            Assert.Throws<StudyFileException>(() => SqliteStudyStore.Open(FilePath, Clock, "other")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        File.WriteAllText(FilePath, new string('x', 5000));
        Assert.Throws<StudyFileException>(() => Open(Settings));
    }

    [Fact]
    public void A_database_of_another_program_is_refused_and_left_alone()
    {
        Run("CREATE TABLE recipes (name TEXT)");
        Assert.Contains(
            "another program",
            Assert.Throws<StudyFileException>(() => Open(Settings)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_file_of_a_later_version_is_refused()
    {
        using (IStudyStore store = Open(Settings))
        {
            Assert.NotNull(store.Study);
        }
        Run("PRAGMA user_version = 99");
        Assert.Contains(
            "later version",
            Assert.Throws<StudyFileException>(() => Open(Settings)).Message,
            StringComparison.Ordinal
        );
    }

    public void Dispose() => folder.Delete(recursive: true);

    private void Run(string statement)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        using var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = statement;
        command.ExecuteNonQuery();
    }
}
