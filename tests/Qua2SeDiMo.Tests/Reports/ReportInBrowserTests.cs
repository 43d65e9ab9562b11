using Qua2SeDiMo.Reports.Page;
using Xunit;

namespace Qua2SeDiMo.Tests.Reports;

public class ReportInBrowserTests
{
    private static readonly string Page = ReportHtml.Draw(SampleReport.Make());

    [ChromiumFact]
    public void The_page_asks_the_network_for_nothing()
    {
        string found = Chromium.Probe(
            Page,
            "return performance.getEntriesByType('resource').map(entry => entry.name).join(' ');"
        );

        Assert.Equal("", found);
    }

    [ChromiumFact]
    public void Pressing_a_heading_sorts_and_pressing_again_reverses()
    {
        string found = Chromium.Probe(
            Page,
            """
            const table = document.querySelector('table.weights');
            const button = Array.from(table.tHead.querySelectorAll('button')).find(b => b.textContent === 'Span');
            const column = button.parentElement.cellIndex;
            const values = () => Array.from(table.tBodies[0].rows).map(row => Number(row.cells[column].dataset.value));
            button.click();
            const down = values(), first = button.parentElement.getAttribute('aria-sort');
            button.click();
            const up = values(), second = button.parentElement.getAttribute('aria-sort');
            return [down.every((v, i) => i === 0 || down[i - 1] >= v), first, up.every((v, i) => i === 0 || up[i - 1] <= v), second, up.length].join(' ');
            """
        );

        Assert.Equal("true descending true ascending 67", found);
    }

    [ChromiumFact]
    public void One_panel_of_each_tab_group_shows_and_arrow_keys_move_on()
    {
        string found = Chromium.Probe(
            Page,
            """
            const group = document.querySelector('[data-tabs="pareto-tabs"]');
            const shown = () => Array.from(group.querySelectorAll('.panel')).filter(panel => panel.offsetHeight > 0).map(panel => panel.dataset.tab).join(',');
            const tabs = group.querySelectorAll('[role=tab]');
            const before = shown();
            tabs[3].click();
            const clicked = shown();
            tabs[3].dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', cancelable: true }));
            return [before, clicked, shown(), document.activeElement.textContent].join(' / ');
            """
        );

        Assert.Equal("SSIM (objective) / CLIP score / Fréchet distance / Fréchet distance", found);
    }

    [ChromiumFact]
    public void The_weight_filter_finds_by_words_and_block()
    {
        string found = Chromium.Probe(
            Page,
            """
            const bar = document.querySelector('[data-filter=weights]'), search = bar.querySelector('input'), block = bar.querySelector('select');
            search.value = 'cross-attention to_k';
            search.dispatchEvent(new Event('input'));
            const words = bar.querySelector('output').textContent;
            block.value = 'block 3';
            block.dispatchEvent(new Event('change'));
            return words + ' / ' + Array.from(document.querySelectorAll('#weights tbody tr')).filter(row => row.offsetHeight > 0).map(row => row.cells[0].textContent).join();
            """
        );

        Assert.Equal("6 of 67 weights / transformer_blocks.3.attn2.to_k", found);
    }

    [ChromiumFact]
    public void The_theme_button_turns_the_page_dark_and_back()
    {
        string found = Chromium.Probe(
            Page,
            """
            const button = document.querySelector('button.theme'), colors = [];
            for (let i = 0; i < 3; i++) { button.click(); colors.push(document.documentElement.dataset.theme + ' ' + getComputedStyle(document.body).backgroundColor); }
            return colors.join(' / ');
            """
        );

        Assert.StartsWith(
            "light rgb(253, 253, 252) / dark rgb(20, 23, 27) / undefined",
            found,
            StringComparison.Ordinal
        );
    }

    [ChromiumFact]
    public void A_narrow_window_never_scrolls_the_page_sideways()
    {
        string found = Chromium.Probe(
            Page,
            """
            return String(document.documentElement.scrollWidth <= document.documentElement.clientWidth);
            """,
            width: 500
        );

        Assert.Equal("true", found);
    }
}
