using Qua2SeDiMo.Reports.Charts;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Panels of which the script shows one at a time; without it, and in print, all of them follow each
/// other.</summary>
internal static class HtmlTabs
{
    /// <param name="name">Unique on the page.</param>
    /// <param name="label">What the tabs choose, for screen readers.</param>
    /// <param name="panels">Label and content of each panel; the first is shown first.</param>
    public static Markup Draw(string name, string label, IReadOnlyList<(string Label, Markup Content)> panels)
    {
        if (panels.Count == 1)
            return panels[0].Content;
        return Markup.Of(
            $"""
            <div class="tabs" data-tabs="{name}" data-label="{label}">
            {Markup.Join(panels.Select((panel, i) => Markup.Of(
                $"<div class=\"panel\" id=\"{name}-{i}\" data-tab=\"{panel.Label}\"><h4 class=\"panel-title\">{panel.Label}</h4>{panel.Content}</div>")), "\n")}
            </div>
            """
        );
    }
}
