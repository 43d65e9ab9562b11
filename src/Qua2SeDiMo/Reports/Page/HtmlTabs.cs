using Qua2SeDiMo.Reports.Charts;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Draws panels of which the script shows one at a time; without the script and in print, all are shown in
/// sequence.</summary>
internal static class HtmlTabs
{
    /// <param name="name">Identifier, unique on the page.</param>
    /// <param name="label">Description of the choice, for screen readers.</param>
    /// <param name="panels">Label and content of each panel; the first one is selected. A single panel is drawn without
    /// tabs.</param>
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
