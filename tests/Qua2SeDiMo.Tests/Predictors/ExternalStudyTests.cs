using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Import;
using Xunit;

namespace Qua2SeDiMo.Tests.Predictors;

/// <summary>Imported studies: several formats are accepted, inconsistent data are rejected.</summary>
public class ExternalStudyTests
{
    private const string Csv = "id,target,options\n0,1.5,01\n1,-2,10\n2,0.5,00\n";

    [Theory]
    [InlineData("\uFEFFid,target,options\r\n0,1.5,01\r\n1,-2,10\r\n2,0.5,00\r\n")]
    [InlineData("id;target;options\n0;1,5;01\n1;-2;10\n2;0,5;00")]
    [InlineData("ID\tTarget\tOptions\n0\t1.5\t01\n1\t-2\t10\n2\t0.5\t00\n\n")]
    [InlineData(
        "# made by a script\nid,\"target\",options,note\n0,\"1.5\",\"01\",\"a, \"\"b\"\"\nc\"\n1,-2,10,\n2,0.5,00,x\n,,,\n"
    )]
    [InlineData("id, target, options\n0, 1.5, '01\n1, -2, 1 0\n2, 0.5, 0|0\n")]
    [InlineData("id,target,options\n0,1.5,uaq-4 uaq-3\n1,-2,UAQ-3 uaq-4\n2,0.5,uaq-4 uaq-4\n")]
    [InlineData("id,target,a,b\n0,1.5,0,1\n1,-2,uaq-3,uaq-4\n2,0.5,0,0\n")]
    [InlineData("id,target,options\n\"#1\",1.5,01\n# a comment, with commas\n \"2\" ,-2, \"10\"\n3,0.5,00\n")]
    [InlineData("options,target\r01,1.5\r10,-2\r00,0.5\r")]
    public void Every_usual_way_of_writing_a_table_is_read(string csv)
    {
        TrainingSet study = ExternalStudy.Read(Graph().ToJsonString(), csv).Training;

        Assert.Equal([1.5, -2, 0.5], study.Trials.Select(trial => trial.Target));
        Assert.Equal(
            [
                [0, 1],
                [1, 0],
                [0, 0],
            ],
            study.Trials.Select(trial => trial.Options)
        );
        Assert.Equal(16 * 110 / 800.0, study.Trials[0].AverageBits, 9);
    }

    [Theory]
    [InlineData("id,label,options\n0,1,01", "no column 'target'", "label")]
    [InlineData("id,target\n0,1", "no column 'options'")]
    [InlineData("id,target,a\n0,1,0", "columns for 1 of the 2 weights", "'b'")]
    [InlineData("id,target,options\n0,1,01\n1,2,012", "line 3", "3 digits", "2 weights")]
    [InlineData("id,target,options\n0,1,1", "line 2", "1 digits", "leading zeros")]
    [InlineData("id,target,options\n0,1,02", "line 2", "digit 2", "'2'", "0 to 1")]
    [InlineData("id,target,options\n0,1,0x", "line 2", "digit 2", "'x'")]
    [InlineData("id,target,options\n0,1,1.1E+01", "line 2", "spreadsheet")]
    [InlineData("id,target,options\n0,1,uaq-4 uaq-5", "line 2", "'uaq-5'")]
    [InlineData("id,target,options\n0,NaN,01", "line 2", "'target'", "leave trials without")]
    [InlineData("id,target,options\n0,inf,01", "line 2", "'target'")]
    [InlineData("id,target,options\n0,1e999,01", "line 2", "finite")]
    [InlineData("id,target,options\n0,,01", "line 2", "not a number")]
    [InlineData("id,target,options\n0,good,01", "line 2", "'good'", "not a number")]
    [InlineData("id,target,options\n7,1,01\n8,2,10\n7,3,11", "line 4", "'7'", "line 2")]
    [InlineData("target,options\n1,01\n2,10\n1,01", "line 4", "line 2", "same options and label")]
    [InlineData("target,target,options\n1,1,01", "two columns 'target'")]
    [InlineData("id,target,options\n0,1", "line 2", "2 cells", "header has 3")]
    [InlineData("id,target,options\n0,\"1,01\n", "line 2", "not closed")]
    [InlineData(
        "id,target,options,size\n0,1,01,5\" wide\n1,2,10,6\"\n",
        "line 2",
        "column 'size'",
        "quote within a cell"
    )]
    [InlineData("id,target,options,size\n\n0,1,01,\"5\" wide\n", "line 3", "column 'size'", "after the closing quote")]
    [InlineData("id,target,options\n0,1,01\n# 5\" wide\n1,2,10\n", "line 3", "comment", "quote")]
    [InlineData("# one\nid,\"a\nb,target,options\n", "line 2", "cell 2", "not closed")]
    [InlineData("id,\"a\nb\",target,options\r\n\"\r\n\",1,1,01\r\n1,2,2,x1\r\n", "line 5", "digit 1", "'x'")]
    [InlineData("id,target,options\n", "no trials")]
    [InlineData("", "empty")]
    [InlineData("# only a comment\n", "empty")]
    public void What_is_wrong_with_the_trials_is_said_with_its_line(string csv, params string[] words) =>
        Says(() => ExternalStudy.Read(Graph().ToJsonString(), csv), words);

    [Fact]
    public void What_is_wrong_with_the_graph_is_said_with_its_place()
    {
        Says(Changed(root => root["edges"] = Pairs((0, 1), (1, 9))), "edge 1", "[1, 9]", "3 nodes");
        Says(Changed(root => root["edges"] = Pairs((0, 1), (1, 2), (2, 0))), "circle", "→");
        Says(Changed(root => root["edges"] = Pairs((1, 1))), "circle", "1 → 1");
        Says(Changed(root => root["edges"] = new JsonArray(new JsonArray(1))), "edge 0", "1 numbers");
        Says(Changed(root => root.AsObject().Remove("edges")), "no 'edges'");
        Says(Changed(root => root["nodes"] = new JsonArray()), "0 nodes");
        Says(Changed(root => root["nodes"]![0]!.AsObject().Remove("options")), "node 0 ('a')", "no 'options'");
        Says(
            Changed(root => root["nodes"]![2]!["options"]!.AsArray().RemoveAt(1)),
            "node 2 ('b')",
            "no option 'uaq-3'"
        );
        Says(
            Changed(root => root["nodes"]![2]!["options"]![0]!["quantized_bytes"] = 0),
            "'quantized_bytes'",
            "'uaq-4'",
            "('b')"
        );
        Says(Changed(root => root["nodes"]![2]!["options"]![0]!["error"] = -1), "error -1");
        Says(Changed(root => root["nodes"]![2]!["name"] = "a"), "two weights are called 'a'");
        Says(Changed(root => root["nodes"]![1]!["block"] = "x"), "'block'", "node 1", "integer");
        Says(Changed(root => root["method_codes"] = new JsonObject { ["kmeans_c"] = 2 }), "'method_codes'", "'uaq'");
        Says(Changed(root => root["hop_nodes"] = new JsonObject { ["0"] = new JsonArray(5) }), "Hop 0", "3 nodes");
        Says(
            Changed(root => root["folds"] = new JsonArray(new JsonArray(0), new JsonArray(3))),
            "fold 1",
            "trial 3",
            "--own-folds"
        );
        Says(Changed(root => root["folds"] = new JsonArray(new JsonArray(0), new JsonArray(0))), "trial 0", "twice");
        Says(Changed(root => root["folds"] = new JsonArray(new JsonArray(0, 1, 2))), "1 fold");
        Says(
            Changed(root =>
                root["units"] = new JsonArray(new JsonObject { ["hop"] = 9, ["nodes"] = new JsonArray(0, 2) })
            ),
            "unit 0",
            "hop 9"
        );
        Says(() => ExternalStudy.Read("[]", Csv), "a list", "expected an object");
        Says(() => ExternalStudy.Read("{\"nodes\": [", Csv), "not valid JSON");
    }

    [Fact]
    public void Fields_that_can_be_left_out_are_and_notes_say_so()
    {
        JsonNode graph = Graph();
        foreach (
            string field in new[]
            {
                "option_order",
                "method_codes",
                "bit_codes",
                "hop_nodes",
                "original_precision_bits",
            }
        )
            graph.AsObject().Remove(field);
        graph["edges"] = Pairs((0, 1), (0, 1), (1, 2));

        ExternalStudy study = ExternalStudy.Read("\uFEFF" + graph.ToJsonString(), Csv);

        Assert.Equal(["uaq-4", "uaq-3"], study.Training.Features.Options.Select(option => option.Name));
        Assert.Equal(
            [(1, 1), (1, 2)],
            study.Training.Features.Options.Select(option => (option.MethodCode, option.BitCode))
        );
        Assert.Contains(study.Notes, note => note.Contains("hop nodes", StringComparison.Ordinal));
        Assert.Contains(study.Notes, note => note.Contains("listed twice", StringComparison.Ordinal));
        Assert.True(study.UnitsAreDerived);
        Assert.Equal(["a", "b"], study.Weights.Select(weight => weight.Name));
        Assert.Equal("block 0", study.Weights[1].Block);
    }

    [Fact]
    public void A_column_in_which_less_is_better_is_turned_round_and_size_can_be_taken_off()
    {
        const string Fid = "id,fid,avg_bits,options\n0,10,4,01\n1,20,3,10\n2,30,3.5,00\n";

        ExternalStudy study = ExternalStudy.Read(
            Graph().ToJsonString(),
            Fid,
            new ExternalStudyOptions("-fid", SizeWeight: 2)
        );

        Assert.Equal([-18, -26, -37], study.Training.Trials.Select(trial => trial.Target));
        Assert.Equal("-fid - 2·average-bits", study.Target);
        Assert.Contains(study.Notes, note => note.Contains("sign turned", StringComparison.Ordinal));
        Says(
            () => ExternalStudy.Read(Graph().ToJsonString(), Fid, new ExternalStudyOptions("clip")),
            "no column 'clip'",
            "fid"
        );
    }

    [Fact]
    public void Trials_of_one_allocation_stay_in_one_fold()
    {
        var csv = new StringBuilder("id,target,options\n");
        for (int t = 0; t < 24; t++)
            csv.Append(CultureInfo.InvariantCulture, $"{t},{t},{Convert.ToString(t % 12, 2).PadLeft(4, '0')}\n");
        JsonNode graph = Graph(weights: 4);

        ExternalStudy study = ExternalStudy.Read(graph.ToJsonString(), csv.ToString());

        Assert.Contains(
            study.Notes,
            note => note.Contains("12 allocations were labelled more than once", StringComparison.Ordinal)
        );
        Assert.Equal(Enumerable.Range(0, 24), study.Training.Folds!.SelectMany(fold => fold).Order());
        foreach (IReadOnlyList<int> fold in study.Training.Folds!)
            Assert.All(fold, t => Assert.Contains((t + 12) % 24, fold));
    }

    [Fact]
    public void Too_many_trials_and_too_large_files_are_refused()
    {
        var csv = new StringBuilder("target,options\n");
        for (int t = 0; t <= ExternalStudy.MaximumTrials; t++)
            csv.Append(CultureInfo.InvariantCulture, $"{t},01\n");
        Says(() => ExternalStudy.Read(Graph().ToJsonString(), csv.ToString()), "20,000");
        string path = Path.GetTempFileName();
        try
        {
            using (FileStream file = File.OpenWrite(path))
                file.SetLength(300L << 20);
            Says(() => ExternalStudy.Open(path, path), "bytes; at most");
            Says(() => ExternalStudy.Open(path, path + ".none"), "no such file");
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_line_without_end_is_refused()
    {
        string cells = new('x', 17 << 20);
        Says(() => ExternalStudy.Read(Graph().ToJsonString(), $"id,target,options\n0,1,{cells}\n"), "16,777,216");
        Says(() => ExternalStudy.Read(Graph().ToJsonString(), $"id,target,{cells}\n0,1,01\n"), "16,777,216");
        string commas = new(',', 1 << 20);
        Says(() => ExternalStudy.Read(Graph().ToJsonString(), $"id,target{commas}\n0,1,01\n"), "'options'");
    }

    [Fact]
    public void Units_derived_from_the_simulated_study_are_its_attentions_and_pairs()
    {
        string folder = RepositoryFiles.Golden("predictor/study");
        ExternalStudy study = ExternalStudy.Open(Path.Combine(folder, "trials.csv"), Path.Combine(folder, "dag.json"));

        PredictorUnit attention = study.Units.First(unit => unit.Kind == "q+k+v+out"),
            pair = study.Units.First(unit => unit.Kind == "ff1+ff2");
        Assert.Equal(24, study.Units.Count(unit => unit.Kind == "q+k+v+out"));
        Assert.Equal(24, study.Units.Count(unit => unit.Kind == "ff1+ff2"));
        Assert.Equal(("block00.{q, k, v, out}", 3), (attention.Name, attention.Hop));
        Assert.Equal([5, 6, 7, 8, 9, 10], attention.Nodes);
        Assert.Equal([(0, 3), (1, 3), (2, 4), (3, 4), (4, 5)], attention.Edges.Order());
        Assert.Equal(("block00.{ff1, ff2}", 1), (pair.Name, pair.Hop));
        Assert.Equal(500, study.Training.Trials.Count);
        Assert.Equal("499", study.TrialNames[^1]);
    }

    [Fact]
    public void Any_text_is_read_or_refused_in_words()
    {
        string[] pieces =
        [
            "id",
            "target",
            "options",
            "01",
            "\"",
            "\"\"",
            ",",
            ";",
            "\n",
            "\r\n",
            "\t",
            "1.5",
            "-2",
            "'",
            "#",
            "E+",
            "10",
        ];
        Gen<string> csv = Gen.OneOf(Gen.Int[0, pieces.Length - 1].Select(i => pieces[i]), Gen.String[0, 3])
            .Array[0, 40]
            .Select(string.Concat);
        string graph = Graph().ToJsonString();
        csv.Sample(
            text =>
            {
                try
                {
                    ExternalStudy.Read(graph, "id,target,options\n" + text);
                }
                catch (Q2Exception) { }
            },
            iter: 2000,
            threads: 1
        );
    }

    private static void Says(Action read, params string[] words)
    {
        string message = Assert.ThrowsAny<Q2Exception>(read).Message;
        Assert.All(words, word => Assert.Contains(word, message, StringComparison.Ordinal));
    }

    private static Action Changed(Action<JsonNode> change)
    {
        JsonNode graph = Graph();
        change(graph);
        return () => ExternalStudy.Read(graph.ToJsonString(), Csv);
    }

    private static JsonArray Pairs(params (int, int)[] pairs) =>
        [.. pairs.Select(pair => (JsonNode)new JsonArray(pair.Item1, pair.Item2))];

    // A graph of weights a, b, … with a combine node between the first and the second.
    private static JsonObject Graph(int weights = 2)
    {
        JsonObject Weight(int w) =>
            new()
            {
                ["name"] = ((char)('a' + w)).ToString(),
                ["kind"] = "weight",
                ["block"] = w == 0 ? -1 : 0,
                ["layer_code"] = w,
                ["options"] = new JsonArray(
                    new JsonObject
                    {
                        ["option"] = "uaq-4",
                        ["original_bytes"] = 400,
                        ["quantized_bytes"] = 60,
                        ["error"] = 0.1,
                    },
                    new JsonObject
                    {
                        ["option"] = "uaq-3",
                        ["original_bytes"] = 400,
                        ["quantized_bytes"] = 50,
                        ["error"] = 0.2,
                    }
                ),
            };
        var nodes = new JsonArray(
            Weight(0),
            new JsonObject
            {
                ["kind"] = "combine",
                ["block"] = 0,
                ["layer_code"] = 0,
            }
        );
        for (int w = 1; w < weights; w++)
            nodes.Add((JsonNode)Weight(w));
        return new JsonObject
        {
            ["original_precision_bits"] = 16,
            ["option_order"] = new JsonArray("uaq-4", "uaq-3"),
            ["method_codes"] = new JsonObject { ["combine"] = 0, ["uaq"] = 1 },
            ["bit_codes"] = new JsonObject { ["4"] = 1, ["3"] = 2 },
            ["hop_nodes"] = new JsonObject { ["0"] = new JsonArray(0, 2), ["1"] = null },
            ["nodes"] = nodes,
            ["edges"] = Pairs((0, 1), (1, 2)),
        };
    }
}
