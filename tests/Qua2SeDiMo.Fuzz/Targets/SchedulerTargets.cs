using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Fuzz.Targets;

/// <summary>Schedulers, built from a configuration and run through all steps.</summary>
internal static class SchedulerTargets
{
    private const int SampleLength = 4,
        MaxSteps = 1000;

    internal static IEnumerable<FuzzTarget> All()
    {
        yield return new FuzzTarget("schedulers", Seeds, Read) { QuickInputs = 600, Weight = 3 };
    }

    private static IReadOnlyList<FuzzInput> Seeds() =>
        [
            .. Directory
                .EnumerateFiles(Samples.Golden("schedulers"), "*.json")
                .Order(StringComparer.Ordinal)
                .Select(path => ForeignJson.Read(path)["scheduler_config"].AsObject().ToJsonString())
                .Select(config => new FuzzInput([
                    Samples.OfText("scheduler_config.json", config),
                    Samples.OfText("call.json", """{"steps": 5, "strength": 1, "eta": 0, "mu": null}"""),
                ])),
            .. JsonTargets
                .Hostile("surrogate")
                .Select(input => new FuzzInput([
                    new FuzzFile("scheduler_config.json", input.Bytes),
                    Samples.OfText("call.json", "{}"),
                ])),
        ];

    private static void Read(FuzzInput input)
    {
        IScheduler scheduler = SchedulerCatalog.Create(
            ComponentConfig.Of(ForeignJson.Parse(input.Bytes, "scheduler_config.json"))
        );
        int steps = 5;
        var options = new SamplingOptions();
        if (input.Files.FirstOrDefault(file => file.Name == "call.json") is { } file)
        {
            // Limits values to those that the command line allows.
            ForeignValue call = ForeignJson.Parse(file.Bytes, "call.json");
            steps = Math.Clamp(call["steps"].IntOrNull() ?? 5, 1, MaxSteps);
            options = new SamplingOptions
            {
                Strength = Math.Clamp(Finite(call["strength"]) ?? 1, 0.01, 1),
                Eta = Math.Clamp(Finite(call["eta"]) ?? 0, 0, 1),
                Mu = Finite(call["mu"]),
            };
        }
        scheduler.SetTimesteps(steps, options);
        float[] sample = [0.3f, -1.2f, 0.7f, 2f],
            noise = [1, -1, 0.5f, 0.1f],
            scaled = new float[SampleLength];
        float[] output = new float[SampleLength * (scheduler.UsesPredictedVariance ? 2 : 1)];
        for (int step = 0; step < scheduler.Timesteps.Length; step++)
        {
            scheduler.ScaleModelInput(sample, step, scaled);
            for (int i = 0; i < output.Length; i++)
                output[i] = 0.5f * scaled[i % SampleLength];
            scheduler.Step(output, step, sample, scheduler.NeedsNoise(step) ? noise : [], 1);
        }
    }

    private static double? Finite(ForeignValue number) =>
        number.NumberOrNull() is { } value && double.IsFinite(value) ? value : null;
}
