namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Style sheets and script, embedded in the assembly and copied into each report.</summary>
internal static class ReportAsset
{
    /// <summary>Style sheet of the drawings.</summary>
    public static Markup ChartStyle { get; } = new(Read("chart.css"));

    /// <summary>Style sheet of the page.</summary>
    public static Markup PageStyle { get; } = new(Read("report.css"));

    /// <summary>Script for theme, tabs, sorting and filtering; the page shows everything without it.</summary>
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
