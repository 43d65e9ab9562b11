using System.Text.Json.Nodes;
using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Known;
using Xunit;

namespace Qua2SeDiMo.Tests.Models.Known;

/// <summary>Compares the tables of known keys with the keys that builders read, and with released
/// configurations.</summary>
public sealed class KnownKeysTests
{
    // Keys that pipeline families or autoencoders read, or that are read only with settings that no reference model
    // has.
    private static readonly Dictionary<string, string[]> ReadElsewhere = new()
    {
        ["UNet2DConditionModel"] = ["class_embeddings_concat"],
        ["AutoencoderKL"] = ["scaling_factor", "shift_factor", "latents_mean", "latents_std"],
        ["AutoencoderTiny"] = ["scaling_factor", "shift_factor"],
    };

    private static string[] ArchitectureNames =>
        [
            .. Directory
                .GetDirectories(RepositoryFiles.Golden("architectures"))
                .Select(folder => Path.GetFileName(folder)!)
                .Order(StringComparer.Ordinal),
        ];

    public static TheoryData<string> Architectures => [.. ArchitectureNames];

    public static TheoryData<string> ReleasedModels =>
        [
            .. Directory
                .GetFiles(RepositoryFiles.Golden("real-models"), "*.json")
                .Select(file => Path.GetFileNameWithoutExtension(file)!),
        ];

    public static TheoryData<string> Pipelines =>
        [.. Directory.GetDirectories(RepositoryFiles.Golden("pipelines")).Select(folder => Path.GetFileName(folder)!)];

    [Theory]
    [MemberData(nameof(Architectures))]
    public void A_builder_asks_for_known_keys_only_and_leaves_none(string name)
    {
        ComponentConfig config = Built(name);
        KnownKeys known = KnownConfigs.Find(config)!;
        Assert.DoesNotContain(
            config.AskedKeys,
            key =>
                !known.Has(key)
                && !key.StartsWith('_')
                && !KnownTensors.QuantizationKeys.Contains(key)
                && key != "architectures"
        );
        Assert.Empty(KnownConfigs.Unread(config));
    }

    [Theory]
    [MemberData(nameof(Pipelines))]
    public void Schedulers_and_indices_of_reference_pipelines_hold_known_keys_only(string name)
    {
        ModelFolder folder = ModelFolder.Open(RepositoryFiles.Golden($"pipelines/{name}"));
        Assert.NotNull(KnownConfigs.Find(folder.IndexFile));
        Assert.All(KnownConfigs.Unread(folder.IndexFile), key => Assert.IsType<JsonArray>(folder.Index[key]));
        Assert.Empty(KnownConfigs.Unread(folder.Component("scheduler").ReadConfig()));
    }

    [Theory]
    [MemberData(nameof(ReleasedModels))]
    public void Configurations_of_released_models_hold_known_keys_only(string name)
    {
        JsonNode description = JsonNode.Parse(File.ReadAllText(RepositoryFiles.Golden($"real-models/{name}.json")))!;
        ComponentConfig config = ComponentConfig.Parse(description["config"]!.ToJsonString(), name);
        Assert.Empty(KnownConfigs.Unread(config));
        KnownConfigs.Find(config)!.Check(config);
    }

    [Fact]
    public void Every_key_that_a_table_calls_read_is_asked_for_by_some_reference_model()
    {
        var asked = new Dictionary<string, HashSet<string>>();
        foreach (string name in ArchitectureNames)
        {
            ComponentConfig config = Built(name);
            string first = KnownConfigs.Find(config)!.ClassNames[0];
            HashSet<string> keys = asked.TryGetValue(first, out HashSet<string>? earlier) ? earlier : asked[first] = [];
            keys.UnionWith(config.AskedKeys);
            foreach (string nested in new[] { "text_config", "vision_config" }.Where(key => config[key].IsObject))
                keys.Add(nested);
        }
        var idle = KnownConfigs
            .All.Where(table => asked.ContainsKey(table.ClassNames[0]))
            .SelectMany(table =>
                table
                    .ReadKeys.Except(asked[table.ClassNames[0]])
                    .Except(ReadElsewhere.GetValueOrDefault(table.ClassNames[0]) ?? [])
                    .Select(key => $"{table.ClassNames[0]}: {key}")
            );
        Assert.Empty(idle);
    }

    [Fact]
    public void Every_class_that_is_built_has_a_table()
    {
        Assert.All(SchedulerCatalog.ClassNames, name => Assert.NotNull(KnownConfigs.Find(Config("{}").As(name))));
        Assert.All(
            KnownConfigs
                .All.Except(SchedulerKeys.All)
                .Except(PipelineKeys.All)
                .SelectMany(table => table.ClassNames)
                .Where(name => name != "Transformer2DModel"),
            name => ArchitectureCatalog.Find(Config("{}").As(name))
        );
    }

    [Fact]
    public void A_key_that_nobody_knows_is_named_also_inside_an_object_and_one_that_is_null_is_not()
    {
        ComponentConfig scheduler = Config(
                """{"beta_start": 0.1, "skip_prk_steps": true, "new_sampler": "x", "later": null, "_note": 1}"""
            )
            .As("EulerDiscreteScheduler");
        Assert.Equal(["new_sampler"], KnownConfigs.Unread(scheduler));
        ComponentConfig encoder = Config(
                """{"text_config": {"hidden_size": 8, "rope": 1, "top_k": 5}, "num_beams": 1, "odd": 2}"""
            )
            .As("CLIPTextModel");
        Assert.Equal(["text_config.rope", "odd"], KnownConfigs.Unread(encoder));
        Assert.Equal(["num_beams"], KnownConfigs.Unread(Config("""{"num_beams": 1}""").As("UNet2DConditionModel")));
    }

    [Fact]
    public void A_value_that_is_not_built_is_refused_by_name_and_its_equals_are_not()
    {
        KnownKeys unet = DenoiserKeys.All[0];
        unet.Check(
            Config(
                """{"dual_cross_attention": false, "attention_type": "default", "resnet_time_scale_shift": "scale_shift", "addition_embed_type": null}"""
            )
        );
        Assert.Contains(
            "'attention_type' is \"gated\"",
            Assert.Throws<ModelFolderException>(() => unet.Check(Config("""{"attention_type": "gated"}"""))).Message,
            StringComparison.Ordinal
        );
        KnownKeys sana = DenoiserKeys.All.First(table => table.ClassNames[0] == "SanaTransformer2DModel");
        sana.Check(Config("""{"timestep_scale": 1}"""));
        Assert.Throws<ModelFolderException>(() => sana.Check(Config("""{"timestep_scale": 1000.0}""")));
    }

    private static ComponentConfig Built(string name)
    {
        string folder = RepositoryFiles.Golden($"architectures/{name}");
        ComponentConfig config = ComponentConfig.Read(Path.Combine(folder, "config.json"));
        using ITensorSource tensors = ShardedTensors.Open(folder);
        foreach (GraphPart part in ArchitectureCatalog.Find(config).Parts)
            ArchitectureCatalog.Build(
                new BuildRequest(config, tensors) { Part = part, OptionalInputs = ["encoder_attention_mask"] }
            );
        return config;
    }

    private static ComponentConfig Config(string json) => ComponentConfig.Parse(json, "config.json");
}
