namespace Qua2SeDiMo.Reports.Charts;

/// <summary>The style sheets and the script that are built into the library and copied into each report.</summary>
internal static class ReportAsset
{
    /// <summary>Colours, lines and type of the drawings.</summary>
    public static Markup ChartStyle { get; } = new(Read("chart.css"));

    /// <summary>The page around the drawings.</summary>
    public static Markup PageStyle { get; } = new(Read("report.css"));

    /// <summary>Theme, tabs, sorting and filtering; the page is complete without it.</summary>
    public static Markup Script { get; } = new(Read("report.js"));

    private static string Read(string name)
    {
        using Stream stream =
            typeof(ReportAsset).Assembly.GetManifestResourceStream($"Qua2SeDiMo.Reports.{name}")
            ?? throw new InvalidOperationException($"The library was built without {name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
