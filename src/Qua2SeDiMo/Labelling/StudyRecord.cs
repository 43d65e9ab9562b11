using Qua2SeDiMo.Json;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Labelling;

/// <summary>The record that a study leaves for later stages: the options it was made with, so that plans are verified
/// in the same way, and its results.</summary>
/// <param name="Options">Prompts, seeds, steps, scoring files.</param>
/// <param name="Summary">Counts, speed and reliability.</param>
internal sealed record StudyRecord(StudyOptions Options, StudySummary Summary)
{
    /// <summary>Fingerprint of the settings of the study; null in files of older versions.</summary>
    public string? Study { get; init; }

    /// <summary>Writes the record.</summary>
    public void Write(RunDirectory run) => OwnJson.Write(run.StudyRecord, this);

    /// <summary>Reads the record of a run.</summary>
    /// <exception cref="Q2Exception">The run has no finished study, or the record belongs to another study than the
    /// database beside it.</exception>
    public static StudyRecord Read(RunDirectory run)
    {
        ArgumentNullException.ThrowIfNull(run);
        StudyRecord record = RunFile.Read<StudyRecord>(run.StudyRecord, Remedy.Study);
        if (record.Study is null)
            throw RunIdentityException.OtherVersion(run.StudyRecord, 0, Remedy.Study);
        if (File.Exists(run.StudyDatabase) && RunStudy.Open(run).Settings.Fingerprint != record.Study)
        {
            throw RunIdentityException.Stale(
                run.StudyRecord,
                $"it is of another study than {Path.GetFileName(run.StudyDatabase)} beside it",
                Remedy.Study
            );
        }
        return record;
    }

    /// <summary>The options for generating images in later stages, with the scoring files at their current
    /// paths.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory with the study.</param>
    /// <exception cref="Q2Exception">The content of the model or of a scoring file has changed, or a scoring file is
    /// missing.</exception>
    internal StudyOptions OptionsFor(OpenModel model, RunDirectory run)
    {
        Study study = RunStudy.Open(run);
        StudyOptions options = Options with
        {
            Scoring = Options.Scoring.FoundAgain(model, study.Settings.Under(StudySettings.OfScoring)),
        };
        StudySettings now = options.ToSettings(model, study.Settings.Values.GetValueOrDefault("sampler", ""));
        return now.Fingerprint == study.Settings.Fingerprint
            ? options
            : throw StudySettingsException.For(run.StudyDatabase, study, now);
    }
}
