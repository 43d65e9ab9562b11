using Microsoft.Data.Sqlite;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests.Studies;

/// <summary>Tampered study files are rejected when they are opened, with the location and the expected value.</summary>
public sealed class HostileStudyFileTests : IDisposable
{
    private static readonly StudySettings Settings = new([new("model", "tiny")]);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-hostile-study-");

    private string FilePath => Path.Combine(folder.FullName, "study.db");

    [Theory]
    [InlineData(
        "UPDATE trial SET state = 'running', host = NULL, heartbeat_at = NULL WHERE number = 1",
        "trial 1",
        "'process_id'"
    )]
    [InlineData(
        "UPDATE trial SET state = 'running', host = NULL, process_id = NULL, process_start = NULL, versions = NULL WHERE number = 1",
        "trial 1",
        "it is running and has no worker"
    )]
    [InlineData("UPDATE trial SET heartbeat_at = NULL WHERE number = 0", "trial 0", "sign of life")]
    [InlineData("UPDATE trial SET state = 'complete' WHERE number = 2", "trial 2", "complete")]
    [InlineData("UPDATE trial SET state = 'waiting' WHERE number = 1", "trial 1", "it is waiting and has metrics")]
    [InlineData("UPDATE trial SET state = 'failed' WHERE number = 1", "trial 1", "no reason")]
    [InlineData("UPDATE trial SET state = 'done' WHERE number = 1", "trial")]
    [InlineData("UPDATE trial SET attempt = 0 WHERE number = 1", "trial 1", "no lease")]
    [InlineData(
        "UPDATE trial SET attempt = 9223372036854775807 WHERE number = 1",
        "trial 1",
        "'attempt'",
        "a whole number"
    )]
    [InlineData("UPDATE trial SET deaths = 4294967296 WHERE number = 1", "trial 1", "'deaths'")]
    [InlineData("UPDATE trial SET number = -1 WHERE number = 1", "trial")]
    [InlineData("UPDATE trial SET number = 9223372036854775807 WHERE number = 1", "'number'", "9223372036854775807")]
    [InlineData("UPDATE trial SET number = 3000000000 WHERE number = 1", "'number'")]
    [InlineData("UPDATE trial SET versions = 'x'", "trial 0", "'versions'", "'x'")]
    [InlineData("UPDATE trial SET versions = '{\"q2\": null}'", "trial 0", "null at")]
    [InlineData("UPDATE trial SET versions = '{\"q2\": 7}'", "trial 0", "'versions'")]
    [InlineData("UPDATE trial SET process_id = -1 WHERE number = 0", "trial 0", "'process_id'")]
    [InlineData("UPDATE trial SET started_at = 9223372036854775807", "trial 0", "'started_at'")]
    [InlineData("UPDATE trial SET finished_at = -1 WHERE number = 0", "trial 0", "'finished_at'")]
    [InlineData("UPDATE trial SET finished_at = NULL WHERE number = 0", "trial 0", "no end")]
    [InlineData("UPDATE trial SET allocation = 'x' WHERE number = 0", "trial 0", "'allocation'")]
    [InlineData("UPDATE trial SET allocation = '{\"a\": \"uaq-99\"}' WHERE number = 0", "trial 0", "uaq-99")]
    [InlineData("UPDATE trial SET allocation = '{\"a\": \"\\ud800\"}' WHERE number = 0", "trial 0", "'allocation'")]
    [InlineData("UPDATE trial SET allocation = '{\"\\ud800\": \"uaq-4\"}' WHERE number = 0", "trial 0", "'allocation'")]
    [InlineData("UPDATE trial SET allocation = '[]' WHERE number = 0", "trial 0", "'allocation'")]
    [InlineData("UPDATE study SET created_at = 9223372036854775807", "study 'main'", "'created_at'")]
    [InlineData("UPDATE study SET created_at = -5", "study 'main'", "'created_at'")]
    [InlineData("UPDATE study SET settings = 'x'", "study 'main'", "'settings'")]
    [InlineData("UPDATE study SET settings = '{\"model\": null}'", "study 'main'", "null at")]
    [InlineData("UPDATE study SET settings = 'null'", "study 'main'", "'settings'")]
    [InlineData("DELETE FROM trial_metric WHERE trial_id = 1", "trial 0", "no metrics")]
    [InlineData("UPDATE trial_metric SET value = NULL WHERE trial_id = 1", "trial 0", "a finite number")]
    [InlineData("UPDATE trial_metric SET value = 9e999 WHERE trial_id = 1", "trial 0", "a finite number")]
    [InlineData("UPDATE trial_metric SET name = '' WHERE trial_id = 1", "trial 0", "'name'")]
    [InlineData("UPDATE trial_metric SET name = '<script>' WHERE trial_id = 1", "trial 0", "'name'")]
    [InlineData("UPDATE trial_metric SET name = printf('%.*c', 5000, 'x') WHERE trial_id = 1", "trial 0", "'name'")]
    [InlineData("UPDATE trial_duration SET seconds = -1", "trial 0", "'seconds'")]
    [InlineData("UPDATE trial_duration SET seconds = 1e300", "trial 0", "'seconds'")]
    [InlineData("UPDATE trial_array SET columns = 0", "trial 0, 'psnr'", "'columns'")]
    [InlineData("UPDATE trial_array SET columns = 9223372036854775807", "trial 0, 'psnr'", "'columns'")]
    [InlineData("UPDATE trial_array SET columns = 3", "trial 0, 'psnr'", "whole rows")]
    [InlineData("UPDATE trial_array SET data = x'0102030405'", "trial 0, 'psnr'", "whole rows")]
    [InlineData("INSERT INTO trial_metric (trial_id, name, value) VALUES (77, 'psnr', 1)", "trial_metric", "not there")]
    [InlineData("DELETE FROM trial WHERE number = 0", "not there")]
    [InlineData(
        "CREATE TRIGGER y AFTER INSERT ON trial_metric BEGIN UPDATE trial_metric SET value = 1; END",
        "trigger 'y'",
        "DROP TRIGGER y"
    )]
    [InlineData("CREATE VIEW v AS SELECT 1", "view 'v'")]
    [InlineData("CREATE TABLE other (a)", "table 'other'")]
    [InlineData("CREATE INDEX evil ON trial (name)", "index 'evil'")]
    [InlineData("CREATE VIRTUAL TABLE f USING fts5(x)", "'f")]
    [InlineData("DROP INDEX trial_by_state", "no index 'trial_by_state'")]
    [InlineData("DROP TABLE trial_duration", "no table 'trial_duration'")]
    [InlineData("ALTER TABLE trial DROP COLUMN failure", "'trial'", "without column failure")]
    [InlineData("ALTER TABLE trial ADD COLUMN evil TEXT", "'trial'", "foreign column evil")]
    [InlineData("ALTER TABLE trial_metric RENAME COLUMN value TO worth", "'trial_metric'", "without column value")]
    [InlineData(
        "DROP TABLE trial_metric; CREATE TABLE trial_metric (trial_id, name, value)",
        "'trial_metric'",
        "of another form"
    )]
    [InlineData("PRAGMA user_version = 1", "'trial'", "of another form")]
    [InlineData("PRAGMA user_version = -5", "version -5")]
    [InlineData("PRAGMA user_version = 0", "version 0")]
    [InlineData("PRAGMA user_version = 99", "later version")]
    [InlineData("PRAGMA application_id = 7", "another program")]
    [InlineData(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE trial (' WHERE name = 'trial'",
        "damaged"
    )]
    [InlineData(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')') WHERE name = 'trial_metric'",
        "'trial_metric'"
    )]
    [InlineData(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'trial_metric'",
        "damaged"
    )]
    [InlineData(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'to option' || char(10), 'to "
            + "option ') WHERE name = 'trial'",
        "'trial'"
    )]
    public void A_changed_file_is_refused(string statement, params string[] words)
    {
        Make();
        Run(statement);
        Q2Exception error = Assert.ThrowsAny<Q2Exception>(() => Open());
        Assert.Contains(FilePath, error.Message, StringComparison.Ordinal);
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("Exception", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ANALYZE")]
    [InlineData("VACUUM")]
    [InlineData("REINDEX")]
    [InlineData("PRAGMA journal_mode = DELETE")]
    public void What_a_careful_owner_does_is_not_refused(string statement)
    {
        Make();
        Run(statement);
        using SqliteStudyStore store = Open();
        Assert.Equal(20.25, store.List()[0].Metrics["psnr"]);
    }

    [Fact]
    public void A_text_where_a_number_belongs_is_refused_though_the_table_forbids_it()
    {
        Make();
        byte[] file = File.ReadAllBytes(FilePath);
        // Changes the type of the metric's value in the header of its record, from a floating-point number (7) to a
        // text of 8 bytes (0x1d).
        int name = file.AsSpan().IndexOf("psnr@4@\0\0\0\0\0"u8),
            type = file.AsSpan(0, name).LastIndexOf((byte)7);
        Assert.InRange(name - type, 1, 2);
        file[type] = 0x1d;
        File.WriteAllBytes(FilePath, file);
        Assert.Contains(
            "trial_metric",
            Assert.Throws<StudyFileException>(() => Open()).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Every_byte_that_is_turned_is_noticed_or_changes_nothing_that_crashes()
    {
        Make();
        byte[] whole = File.ReadAllBytes(FilePath);
        for (int at = 0; at < whole.Length; at += 41)
        {
            byte[] file = [.. whole];
            file[at] ^= 0x5a;
            File.WriteAllBytes(FilePath, file);
            try
            {
                using SqliteStudyStore store = Open();
                store.List();
            }
            catch (Q2Exception) { }
        }
    }

    [Fact]
    public void A_file_of_version_1_is_brought_up_to_date()
    {
        File.Copy(
            Path.Combine(RepositoryFiles.Root, "tests", "Qua2SeDiMo.Tests", "Studies", "Files", "study-schema-1.db"),
            FilePath
        );
        using SqliteStudyStore store = SqliteStudyStore.Open(FilePath, TimeProvider.System);
        IReadOnlyList<Trial> trials = store.List();
        Assert.Equal(
            [
                TrialState.Complete,
                TrialState.Complete,
                TrialState.Complete,
                TrialState.Failed,
                TrialState.SetAside,
                TrialState.Running,
                TrialState.Waiting,
                TrialState.Failed,
            ],
            trials.Select(trial => trial.State)
        );
        Assert.True(trials[0].Metrics.ContainsKey("psnr"));
        Assert.Equal(2, store.ReadArrays("psnr")[0].Rows);
        Assert.Equal((3, "InvalidDataException: no picture"), (trials[4].Deaths, trials[3].Failure));
        Assert.Contains("not a number", trials[7].Failure, StringComparison.Ordinal);
        // The killed worker was on another host, and its last heartbeat is long ago.
        Trial taken = store.LeaseNext(StudyWorker.ThisProcess(), 8)!;
        Assert.Equal((5, 3, 1), (taken.Number, taken.Attempt, taken.Deaths));
        using SqliteStudyStore again = SqliteStudyStore.Open(FilePath, TimeProvider.System);
        Assert.Equal(8, again.List().Count);
    }

    public void Dispose() => folder.Delete(recursive: true);

    private SqliteStudyStore Open() => SqliteStudyStore.OpenOrCreate(FilePath, Settings, TimeProvider.System);

    // Writes a closed study with two complete trials and a waiting one.
    private void Make()
    {
        using SqliteStudyStore store = Open();
        var worker = StudyWorker.ThisProcess(new Dictionary<string, string> { ["q2"] = "1.0" });
        store.Enqueue([
            .. Enumerable
                .Range(0, 3)
                .Select(number => new TrialProposal(
                    number,
                    $"trial-{number}",
                    new([new("a", QuantizerSpec.PaperOptions[number])]),
                    42
                )),
        ]);
        for (int number = 0; number < 2; number++)
        {
            store.Complete(
                store.LeaseNext(worker, 3)!,
                new TrialResult(new Dictionary<string, double> { ["psnr"] = 20.25 })
                {
                    Arrays = [new TrialArray("psnr", 1, [19, 21])],
                    Durations = new Dictionary<string, TimeSpan> { ["whole"] = TimeSpan.FromSeconds(1) },
                }
            );
        }
    }

    private void Run(string statement)
    {
        using var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False");
        connection.Open();
        foreach (
            string text in new[] { "PRAGMA ignore_check_constraints = ON", "PRAGMA foreign_keys = OFF", statement }
        )
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = text;
            command.ExecuteNonQuery();
        }
    }
}
