'use strict';
(function () {
  const root = document.documentElement;
  const themes = ['auto', 'light', 'dark'];
  const button = document.querySelector('button.theme');

  function remembered() {
    try { return localStorage.getItem('q2-theme') || 'auto'; } catch { return 'auto'; }
  }

  function apply(theme) {
    if (theme === 'auto') root.removeAttribute('data-theme');
    else root.setAttribute('data-theme', theme);
    button.textContent = 'Theme: ' + theme;
    button.dataset.now = theme;
    try { localStorage.setItem('q2-theme', theme); } catch { /* Private windows may refuse; the theme then lasts for this view. */ }
  }

  button.hidden = false;
  apply(remembered());
  button.addEventListener('click', function () {
    apply(themes[(themes.indexOf(button.dataset.now) + 1) % themes.length]);
  });

  document.querySelectorAll('[data-tabs]').forEach(function (group) {
    const panels = Array.from(group.children);
    const list = document.createElement('div');
    list.className = 'tablist';
    list.setAttribute('role', 'tablist');
    list.setAttribute('aria-label', group.dataset.label);
    const tabs = panels.map(function (panel) {
      const tab = document.createElement('button');
      tab.type = 'button';
      tab.id = panel.id + '-tab';
      tab.textContent = panel.dataset.tab;
      tab.setAttribute('role', 'tab');
      tab.setAttribute('aria-controls', panel.id);
      panel.setAttribute('role', 'tabpanel');
      panel.setAttribute('aria-labelledby', tab.id);
      list.append(tab);
      return tab;
    });
    function select(index) {
      tabs.forEach(function (tab, i) {
        tab.setAttribute('aria-selected', String(i === index));
        tab.tabIndex = i === index ? 0 : -1;
        panels[i].hidden = i !== index;
      });
    }
    tabs.forEach(function (tab, i) {
      tab.addEventListener('click', function () { select(i); });
      tab.addEventListener('keydown', function (event) {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const next = (i + step + tabs.length) % tabs.length;
        select(next);
        tabs[next].focus();
        event.preventDefault();
      });
    });
    group.prepend(list);
    group.classList.add('live');
    select(0);
  });

  document.querySelectorAll('table[data-sortable]').forEach(function (table) {
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach(function (head, column) {
      const sort = document.createElement('button');
      sort.type = 'button';
      sort.textContent = head.textContent;
      head.replaceChildren(sort);
      sort.addEventListener('click', function () {
        const isNumeric = head.classList.contains('number');
        const now = head.getAttribute('aria-sort');
        const direction = now ? (now === 'ascending' ? -1 : 1) : (isNumeric ? -1 : 1);
        heads.forEach(function (other) { other.removeAttribute('aria-sort'); });
        head.setAttribute('aria-sort', direction > 0 ? 'ascending' : 'descending');
        const rows = Array.from(table.tBodies[0].rows);
        rows.sort(function (a, b) {
          const left = a.cells[column], right = b.cells[column];
          const x = left.dataset.value, y = right.dataset.value;
          if (x && y) return direction * (Number(x) - Number(y));
          if (x || y || isNumeric) return x ? -1 : y ? 1 : 0;
          return direction * left.textContent.localeCompare(right.textContent, undefined, { numeric: true });
        });
        table.tBodies[0].append(...rows);
      });
    });
  });

  document.querySelectorAll('[data-filter]').forEach(function (bar) {
    const rows = Array.from(document.querySelectorAll('#' + bar.dataset.filter + ' tbody tr'));
    const search = bar.querySelector('input'), block = bar.querySelector('select'), output = bar.querySelector('output');
    function filter() {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach(function (row) {
        const text = row.textContent.toLowerCase();
        const fits = words.every(function (word) { return text.includes(word); })
          && (!block.value || row.cells[1].textContent === block.value);
        row.hidden = !fits;
        if (fits) shown++;
      });
      output.textContent = shown + ' of ' + rows.length + ' weights';
    }
    bar.hidden = false;
    search.addEventListener('input', filter);
    block.addEventListener('change', filter);
    filter();
  });
})();
