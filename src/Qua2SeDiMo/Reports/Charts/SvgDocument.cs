using System.Text;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>
/// An SVG drawing built element by element. Colours come from classes of <c>chart.css</c>: an inlined drawing follows
/// the page's light or dark theme, and a drawing in a separate file contains the style sheet.
/// </summary>
internal sealed class SvgDocument
{
    /// <summary>Default font size in drawing units.</summary>
    public const double FontSize = 12;

    private readonly StringBuilder body = new();
    private readonly string title;
    private readonly string description;

    /// <param name="name">Name, unique on a page; prefix of element identifiers.</param>
    /// <param name="width">Width in drawing units; 1 unit is 1 pixel at natural size.</param>
    /// <param name="height">Height in drawing units.</param>
    /// <param name="title">Short name, read by screen readers.</param>
    /// <param name="description">One sentence on what the drawing shows, for screen readers.</param>
    public SvgDocument(string name, double width, double height, string title, string description)
    {
        (Name, Width, Height, this.title, this.description) = (
            FigureText.Slug(name),
            width,
            height,
            title,
            description
        );
    }

    public string Name { get; }

    public double Width { get; }

    public double Height { get; }

    /// <summary>Estimated width of a text in drawing units; rather too wide than too narrow.</summary>
    public static double TextWidth(string text, double fontSize = FontSize) => text.Length * fontSize * 0.56;

    /// <summary>A text shortened to a width by cutting its beginning, because names of weights differ mostly at their
    /// end.</summary>
    public static string Shorten(string text, double width, double fontSize = FontSize)
    {
        int most = (int)(width / (fontSize * 0.56));
        return text.Length <= most ? text : "…" + text[^Math.Max(1, most - 1)..];
    }

    public void Add(ref MarkupHandler element) => body.Append(element.ToString()).Append('\n');

    public void Line(double x1, double y1, double x2, double y2, string cssClass) =>
        Add($"<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" class=\"{cssClass}\"/>");

    public void Rect(double x, double y, double width, double height, string cssClass, string? tip = null) =>
        Add(
            $"<rect x=\"{x}\" y=\"{y}\" width=\"{Math.Max(0, width)}\" height=\"{Math.Max(0, height)}\" "
                + $"class=\"{cssClass}\">{Tip(tip)}</rect>"
        );

    public void Circle(double x, double y, double radius, string cssClass, string? tip = null) =>
        Add($"<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" class=\"{cssClass}\">{Tip(tip)}</circle>");

    public void Path(string data, string cssClass, string? tip = null) =>
        Add($"<path d=\"{data}\" class=\"{cssClass}\">{Tip(tip)}</path>");

    /// <summary>Draws text at its baseline; the class may contain <c>middle</c>, <c>end</c>, <c>small</c>,
    /// <c>strong</c>, <c>halo</c>.</summary>
    public void Text(double x, double y, string text, string cssClass = "") =>
        Add($"<text x=\"{x}\" y=\"{y}\" class=\"{cssClass}\">{text}</text>");

    /// <summary>Draws text rotated about its anchor by an angle in degrees.</summary>
    public void RotatedText(double x, double y, double degrees, string text, string cssClass) =>
        Add($"<text transform=\"translate({x} {y}) rotate({degrees})\" class=\"{cssClass}\">{text}</text>");

    /// <summary>The drawing for a page whose style sheet contains <c>chart.css</c>.</summary>
    public Markup ToInline() => ToMarkup(Markup.Empty, "");

    /// <summary>The drawing as a complete, self-contained file.</summary>
    public string ToFile() =>
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        + ToMarkup(
            Markup.Of(
                $"<style>{ReportAsset.ChartStyle}</style><rect class=\"paper\" width=\"{Width}\" height=\"{Height}\"/>\n"
            ),
            $" width=\"{Width:0.##}\" height=\"{Height:0.##}\" xmlns=\"http://www.w3.org/2000/svg\""
        ).Text
        + "\n";

    private Markup ToMarkup(Markup style, string attributes) =>
        Markup.Of(
            $"<svg{new Markup(attributes)} class=\"chart\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" "
                + $"aria-labelledby=\"{Name}-title {Name}-desc\">\n"
                + $"<title id=\"{Name}-title\">{title}</title><desc id=\"{Name}-desc\">{description}</desc>\n"
                + $"<defs><pattern id=\"{Name}-hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" "
                + $"patternTransform=\"rotate(45)\">"
                + $"<line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"5\" "
                + $"class=\"hatch\"/></pattern></defs>\n{style}{new Markup(body.ToString())}</svg>"
        );

    private static Markup Tip(string? tip) => tip is null ? Markup.Empty : Markup.Of($"<title>{tip}</title>");
}
