using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Qua2SeDiMo.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests.Reports;

/// <summary>A fact that needs a browser; without one it is skipped with that reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChromiumFactAttribute : FactAttribute
{
    public ChromiumFactAttribute()
    {
        if (Chromium.Program is null)
            Skip =
                "No Chromium on the PATH (chromium, chromium-browser, google-chrome): the page is not tried in a browser.";
    }
}

/// <summary>Opens a page in headless Chromium and runs a probe in it.</summary>
internal static class Chromium
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    /// <summary>Path of the browser; null when none is found.</summary>
    public static string? Program { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .SelectMany(folder => Names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);

    /// <summary>Loads a copy of the page whose content security policy also allows the probe, and returns the probe's
    /// result.</summary>
    /// <param name="page">The page.</param>
    /// <param name="probe">Body of a JavaScript function that returns a string.</param>
    /// <param name="width">Window width in CSS pixels.</param>
    public static string Probe(string page, string probe, int width = 1280)
    {
        string folder = Directory.CreateTempSubdirectory("q2-chromium-").FullName;
        try
        {
            string copy = Path.Combine(folder, "page.html");
            string allowed = Regex.Replace(page, "script-src '[^']+'", "script-src 'unsafe-inline'");
            AtomicFile.WriteText(
                copy,
                allowed.Replace(
                    "</body>",
                    "<script>const probe = document.createElement('pre'); probe.id = 'probe'; probe.textContent "
                        + $"= (function () {{ {probe} }})(); document.body.append(probe);</script></body>",
                    StringComparison.Ordinal
                )
            );
            string dump = Run(folder, $"--window-size={width},900", "--dump-dom", new Uri(copy).AbsoluteUri);
            Match match = Regex.Match(dump, "<pre id=\"probe\">(.*?)</pre>", RegexOptions.Singleline);
            Assert.True(match.Success, $"The probe left nothing; the browser printed {dump.Length} characters.");
            return WebUtility.HtmlDecode(match.Groups[1].Value);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Run(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(Program!) { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] quiet =
        [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            $"--user-data-dir={Path.Combine(folder, "profile")}",
        ];
        foreach (string argument in quiet.Concat(arguments))
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        _ = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(2)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail("Chromium did not finish within two minutes.");
        }
        return output.Result;
    }
}
