using System.Text.RegularExpressions;
using System.Xml.Linq;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Reports;
using Qua2SeDiMo.Reports.Page;
using Xunit;

namespace Qua2SeDiMo.Tests.Reports;

public class ReportHtmlTests
{
    private const string Hostile = "<script>alert(1)</script>\"'&\u0001";

    /// <summary>Folder of the sample report, kept after the run for inspection in a browser.</summary>
    internal static string SampleFolder { get; } = Path.Combine(AppContext.BaseDirectory, "report-sample");

    [Fact]
    public void The_sample_report_is_written_with_every_drawing_beside_it()
    {
        if (Directory.Exists(SampleFolder))
            Directory.Delete(SampleFolder, recursive: true);

        string page = ReportHtml.Write(SampleReport.Make(), SampleFolder);

        Assert.True(new FileInfo(page).Length > 100_000);
        string[] drawings = Directory.GetFiles(Path.Combine(SampleFolder, "figures"), "*.svg");
        Assert.Equal(25, drawings.Length);
        foreach (string drawing in drawings)
        {
            XElement root = XDocument.Load(drawing).Root!;
            Assert.Equal("svg", root.Name.LocalName);
            Assert.All(
                root.Descendants().Attributes(),
                attribute => Assert.DoesNotContain("NaN", attribute.Value, StringComparison.Ordinal)
            );
            string[] ids = [.. root.DescendantsAndSelf().Attributes("id").Select(attribute => attribute.Value)];
            Assert.Equal(ids.Distinct().Count(), ids.Length);
        }
    }

    [Fact]
    public void The_page_refers_to_nothing_outside_itself()
    {
        string page = ReportHtml.Draw(SampleReport.Make());

        foreach (Match match in Regex.Matches(page, "(?:src|href|url)\\s*[=(]\\s*[\"']?([^\"')\\s>]+)"))
        {
            string target = match.Groups[1].Value;
            Assert.True(
                target.StartsWith("data:image/png;base64,", StringComparison.Ordinal) || target.StartsWith('#'),
                target
            );
        }
        Assert.DoesNotContain(
            "http:",
            page.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("https:", page, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_link_inside_the_page_has_its_target_and_no_identifier_occurs_twice()
    {
        string page = ReportHtml.Draw(SampleReport.Make());
        string[] ids = [.. Regex.Matches(page, "\\sid=\"([^\"]+)\"").Select(match => match.Groups[1].Value)];

        Assert.Equal(ids.Distinct().Count(), ids.Length);
        Assert.All(
            Regex.Matches(page, "href=\"#([^\"]+)\"").Select(match => match.Groups[1].Value),
            target => Assert.Contains(target, ids)
        );
    }

    [Fact]
    public void Hostile_names_stay_text_everywhere()
    {
        ReportData sample = SampleReport.Make();
        WeightPosition[] positions =
        [
            .. sample.Weights.Select(weight =>
                weight with
                {
                    Name = weight.Name + Hostile,
                    Block = Hostile,
                    LayerType = Hostile,
                }
            ),
        ];
        ReportData hostile = sample with
        {
            Run = sample.Run with
            {
                ModelName = Hostile,
                ModelClass = Hostile,
                Folder = Hostile,
                Prompts = [Hostile],
                Command = Hostile,
                Facts = [new(Hostile, Hostile)],
                Stages = [new(Hostile, TimeSpan.FromSeconds(1), Hostile)],
            },
            Weights = positions,
            Explanation = sample.Explanation! with
            {
                Weights = positions,
                Ridge = sample.Explanation.Ridge with
                {
                    Weights =
                    [
                        .. sample.Explanation.Ridge.Weights.Select(weight =>
                            weight with
                            {
                                Name = weight.Name + Hostile,
                            }
                        ),
                    ],
                    Options = [.. sample.Explanation.Ridge.Options.Select(option => option + Hostile)],
                },
                Sentences = [Hostile],
            },
            Plan = sample.Plan! with
            {
                Reason = Hostile,
                Entries =
                [
                    .. sample.Entries.Select(entry => entry with { Label = Hostile, Key = entry.Key + Hostile }),
                ],
            },
            Fit = sample.Fit! with
            {
                Result = sample.Fit.Result with
                {
                    Models =
                    [
                        .. sample.Fit.Result.Models.Select(scores => scores with { Model = scores.Model + Hostile }),
                    ],
                },
            },
            Notes = [Hostile],
            Images = sample.Images! with
            {
                Columns = [.. sample.Images.Columns.Select(_ => new ImageColumnData(Hostile, Hostile))],
                Rows = [.. sample.Images.Rows.Select(row => row with { Prompt = Hostile })],
            },
        };

        string page = ReportHtml.Draw(hostile);

        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
        Assert.DoesNotContain('\u0001', page);
        Assert.Single(Regex.Matches(page, "<script"));
        foreach (Match match in Regex.Matches(page, "<svg.*?</svg>", RegexOptions.Singleline))
            XElement.Parse(match.Value);
    }

    [Fact]
    public void A_report_before_any_trial_leaves_out_what_is_not_there()
    {
        ReportData sample = SampleReport.Make();
        ReportData early = sample with
        {
            Plan = null,
            Trials = [],
            Fit = null,
            Explanation = null,
            Images = null,
            Notes = [],
            Reliabilities = [],
        };

        string page = ReportHtml.Draw(early);

        Assert.DoesNotContain("id=\"results\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"predictor\"", page, StringComparison.Ordinal);
        Assert.Contains("id=\"sensitivity\"", page, StringComparison.Ordinal);
        Assert.Contains("id=\"caveats\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_data_survive_writing_and_reading()
    {
        ReportData sample = SampleReport.Make();
        string path = Path.Combine(SampleFolder, "report.json");

        sample.Write(path);

        Assert.Equal(ReportHtml.Draw(sample), ReportHtml.Draw(OwnJson.Read<ReportData>(path, remedy: null)));
    }
}
