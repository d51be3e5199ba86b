// What is found, marked in the table itself. A sheet of our own marks cells by their ids, so that
// marks stay however often the table is drawn anew; the words appear beside the cell that is looked at.
const SEVERITIES = ['remark', 'warning', 'error'];
const WORST = (a, b) => (SEVERITIES.indexOf(a) >= SEVERITIES.indexOf(b) ? a : b);

export class Marks {
  constructor(host) {
    this.host = host;
    this.sheet = new CSSStyleSheet();
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.sheet];
    this.said = new Map();
    this.tip = document.createElement('div');
    this.tip.className = 'cell-words';
    this.tip.setAttribute('role', 'status');
    this.tip.hidden = true;
    host.append(this.tip);
    host.addEventListener('mouseover', (event) => this.#tell(event.target));
    host.addEventListener('focusin', (event) => this.#tell(event.target));
    host.addEventListener('mouseleave', () => { this.tip.hidden = true; });
  }

  /** Mark what `findings` are about in `table`, and the rows of it that answered. */
  show(table, findings, matched = []) {
    const rules = table?.get('rule') ?? [];
    const worst = new Map();
    this.said.clear();
    for (const one of findings) {
      for (const row of one.rows ?? []) {
        const rule = rules[row - 1];
        if (!rule) continue;
        const cell = one.column ? cellsOf(rule)[one.column - 1] : rule;
        if (!cell) continue;
        worst.set(cell.id, WORST(worst.get(cell.id), one.severity));
        this.said.set(cell.id, [...(this.said.get(cell.id) ?? []), one.text]);
      }
    }
    const lines = [...worst].map(([id, severity]) => `${at(id)} { box-shadow: inset 0 0 0 2px var(--mark-${severity}); }`);
    for (const row of matched) {
      if (rules[row - 1]) lines.push(`${at(rules[row - 1].id, 'td.rule-index')} { background: var(--green-soft) !important; font-weight: 700; }`);
      for (const cell of rules[row - 1] ? cellsOf(rules[row - 1]) : []) lines.push(`${at(cell.id)} { background: var(--green-soft) !important; }`);
    }
    this.sheet.replaceSync(lines.join('\n'));
  }

  #tell(target) {
    const cell = target.closest?.('td[data-element-id]');
    // of what is said about a whole row, every cell tells
    const words = cell && [...(this.said.get(cell.dataset.elementId) ?? []), ...(this.said.get(cell.dataset.rowId) ?? [])];
    this.tip.hidden = !words?.length;
    if (this.tip.hidden) return;
    this.tip.textContent = words.join(' ');
    const [box, around] = [cell.getBoundingClientRect(), this.host.getBoundingClientRect()];
    this.tip.style.left = `${Math.max(0, Math.min(box.left - around.left, around.width - 380)) + this.host.scrollLeft}px`;
    this.tip.style.top = `${box.bottom - around.top + this.host.scrollTop + 2}px`;
  }
}

/** The cells of a row that findings count: inputs, then outputs. */
export const cellsOf = (rule) => [...(rule.get('inputEntry') ?? []), ...(rule.get('outputEntry') ?? [])];

const at = (id, kind = 'td') => `.table-editor ${kind}[data-element-id="${CSS.escape(id)}"]`;
