using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;
using Qua2SeDiMo.Studies.Storage;

namespace Qua2SeDiMo.Labelling;

/// <summary>Reads the label of every image of every trial of a run's own study.</summary>
internal static class ImagesOfTrials
{
    /// <summary>Labels per image, in the orientation and with the size term of the fit's objective. Null when the label
    /// is no mean over images, or the study is external.</summary>
    internal static ImageLabels? Read(LabelledStudy study, RunDirectory run, Fit fit)
    {
        if (study.Origin.Source != "study" || !File.Exists(run.StudyRecord))
            return null;
        Objective objective = Objective.Parse(fit.Objective);
        StudyOptions options = StudyRecord.Read(run).Options;
        using SqliteStudyStore store = RunStudy.Reader(run);
        IReadOnlyDictionary<int, TrialArray> arrays = store.ReadArrays(objective.Metric.Name);
        int[] numbers = [.. study.TrialNames.Select(int.Parse)];
        if (
            !Array.TrueForAll(
                numbers,
                number =>
                    arrays.TryGetValue(number, out TrialArray? array)
                    && array.Columns == 1
                    && array.Rows == options.ImageCount
            )
        )
            return null;
        double sign = objective.Metric.Direction == StudyDirection.Maximize ? 1 : -1;
        IReadOnlyList<string> prompts = options.ReadPrompts();
        return new ImageLabels(
            [.. numbers.Select(Labels)],
            [.. Enumerable.Range(0, options.ImageCount).Select(i => prompts[i])],
            options.ImageSeeds
        );

        // The size term of a label is equal for all images of a trial.
        IReadOnlyList<double> Labels(int number, int trial)
        {
            double size = objective.SizeWeight * study.Training.Trials[trial].AverageBits;
            return [.. arrays[number].Values.Select(value => (sign * value) - size)];
        }
    }
}
