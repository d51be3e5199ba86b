// The workshop's editor of decision tables: dmn-js, findings in the table, trying, test rows.
import Modeler from 'dmn-js/lib/Modeler';
import { is } from 'dmn-js-shared/lib/util/ModelUtil';
import { html, render } from '@bpmn-io/diagram-js-ui';
import 'dmn-js/dist/assets/diagram-js.css';
import 'dmn-js/dist/assets/dmn-js-shared.css';
import 'dmn-js/dist/assets/dmn-js-decision-table.css';
import 'dmn-js/dist/assets/dmn-js-decision-table-controls.css';
import 'dmn-js/dist/assets/dmn-js-literal-expression.css';
import 'dmn-js/dist/assets/dmn-font/css/dmn.css';
import './modeler/editor.css';
import './dmn/table.css';
import { Findings } from './dmn/findings.js';
import { Marks, cellsOf } from './dmn/marks.js';
import { notesModule } from './dmn/notes.js';
import { lost } from './dmn/reading.js';
import { rowsModule } from './dmn/rows.js';
import { Tests, Trying, valueOf } from './dmn/side.js';
import { Toolbar } from './dmn/toolbar.js';
import { replaceMarked } from './dmn/typing.js';
import { _, translations, untranslated } from './dmn/words.js';
import { ask as askPerson } from './modeler/chooser.js';
import { download } from './modeler/pictures.js';
import { Saving, ask, renewToken } from './modeler/saving.js';

const EDITED = ['decisionTable', 'literalExpression'];
const TYPES = ['string', 'number', 'boolean', 'date', 'time', 'dateTime', 'dayTimeDuration', 'yearMonthDuration', 'Any'];

const KINDS = { added: () => _('新增'), removed: () => _('删除'), changed: () => _('修改'), moved: () => _('移动') };

/** A file as base64. */
const base64 = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.replace(/^[^,]*,/, ''));
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(file);
});

/** Start the editor in `container`, whose data attributes give the addresses of its draft. */
export async function show(container) {
  const editor = new Editor(container);
  container.editor = editor;
  await editor.start();
  container.dataset.ready = '1';
}

/** Whether the part with that id is of this table: its columns, rows and cells. */
function holds(logic, id) {
  if (!is(logic, 'dmn:DecisionTable')) return logic.id === id;
  const rules = logic.get('rule') ?? [];
  return [logic, ...(logic.get('input') ?? []), ...(logic.get('output') ?? []), ...rules, ...rules.flatMap(cellsOf)].some((one) => one.id === id);
}

class Editor {
  constructor(container) {
    this.container = container;
    this.findings = [];
    this.inputs = [];
    this.tests = [];
    this.untold = 0;
    this.typed = {};
    this.matched = {};
    this.untranslated = untranslated;
    container.replaceChildren();
    this.parts = {};
    for (const [name, label] of [['toolbar', ''], ['table', _('决策表')], ['side', _('试算')], ['findings', _('问题')]]) {
      const part = document.createElement(name === 'toolbar' ? 'div' : 'section');
      part.className = `editor-${name}`;
      if (label) part.setAttribute('aria-label', label);
      this.parts[name] = part;
      container.append(part);
    }
    this.marks = new Marks(this.parts.table);
    this.saving = new Saving({
      content: container.dataset.content,
      check: container.dataset.review,
      trial: container.dataset.trial,
      text: () => this.text(),
      onChange: () => this.changed(),
      onFindings: () => {}, // a review says more than what a save answers
      onTrial: (trial) => { this.trial = trial; this.changed(); },
      onConflict: (theirs) => this.#settle(theirs),
      onExpired: () => this.#signInAgain(),
    });
    this.saving.look = () => this.review();
  }

  async start() {
    const [draft, names] = await Promise.all([this.saving.load(), ask(this.container.dataset.names, 'GET')]);
    this.key = draft.key;
    this.modeler = this.#modeler(names.answer.functions);
    this.#listen();
    if (await this.open(draft.content)) await this.review();
  }

  /** dmn-js, offering what the office's evaluator runs: its types, its functions, FEEL alone. */
  #modeler(functions) {
    const own = [translations, { viewDrd: ['value', null] }];
    return new Modeler({
      container: this.parts.table,
      common: {
        expressionLanguages: { options: [{ value: 'feel', label: 'FEEL' }], defaults: { editor: 'feel' } },
        dataTypes: TYPES,
        feelLanguageContext: { builtins: functions.map((name) => ({ name, type: 'function', params: [] })) },
      },
      decisionTable: { additionalModules: [...own, notesModule, rowsModule] },
      literalExpression: { additionalModules: own },
    });
  }

  #listen() {
    this.modeler.on('viewer.created', ({ viewer }) => viewer.on('commandStack.changed', ({ trigger }) => {
      if (trigger === 'clear' || this.opening) return;
      this.saving.touched();
      this.changed();
    }));
    this.modeler.on('views.changed', () => this.changed());
    window.addEventListener('beforeunload', (event) => {
      this.#leaveField();
      if (this.saving.dirty) event.preventDefault();
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden' && this.saving.dirty) this.saving.save();
    });
    this.parts.table.addEventListener('beforeinput', replaceMarked, true);
    this.container.addEventListener('keydown', (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') {
        event.preventDefault();
        this.save();
      }
    });
  }

  /** What is being typed in a cell is told before something else is done. */
  #leaveField() {
    const field = document.activeElement;
    if (field && this.parts.table.contains(field)) field.blur();
  }

  /** Show a text. What would be lost by saving is shown, and keeps it from being saved. */
  async open(text) {
    this.opening = true;
    try {
      const { warnings } = await this.modeler.importXML(text, { open: false });
      const missing = [...warnings.map((one) => one.message), ...lost(text, await this.text())];
      const first = this.views().find((one) => one.element.id === this.key) ?? this.views()[0];
      if (first) await this.#show(first);
      if (missing.length) await this.#refuse(missing);
      else if (!first) this.saving.block(_('这份文件里没有可在这里编辑的决策表，请用“看文本”。'));
      this.changed();
      return Boolean(first);
    } catch (error) {
      await this.#refuse([error.message, ...(error.warnings ?? []).map((one) => one.message)]);
      return false;
    } finally {
      this.opening = false;
    }
  }

  async #refuse(missing) {
    this.saving.block(_('有 {number} 处没有读懂，暂不保存。', { number: missing.length }));
    await askPerson(this.container, _('有内容没有读懂'), html`
      <p>${_('编辑器会丢失下面的内容，所以暂不保存；请改用“看文本”编辑。')}</p>
      <ul class="warnings">${missing.map((one) => html`<li>${one}</li>`)}</ul>`,
    [{ id: 'ok', label: _('知道了'), main: true }]);
  }

  async text() {
    const { xml } = await this.modeler.saveXML({ format: true });
    return xml;
  }

  /** The decisions of the file that are edited here, as dmn-js shows them. */
  views() { return this.modeler.getViews().filter((one) => EDITED.includes(one.type)); }

  /** What the file holds besides, and is kept unedited. */
  kept() {
    const edited = new Set(this.views().map((one) => one.element));
    return (this.modeler.getDefinitions()?.get('drgElement') ?? []).filter((one) =>
      !edited.has(one) && (is(one, 'dmn:Decision') || is(one, 'dmn:BusinessKnowledgeModel')));
  }

  /** The decision that a finding is about; a fault may name a part of it. */
  viewOf(finding) {
    const views = this.views();
    return views.find(({ element }) => element.id === finding.element || holds(element.decisionLogic, finding.element))
      ?? (views.length === 1 ? views[0] : undefined);
  }

  get view() { return this.modeler.getActiveView(); }

  get table() {
    const logic = this.view?.element.decisionLogic;
    return logic && is(logic, 'dmn:DecisionTable') ? logic : undefined;
  }

  get stack() { return this.modeler.getActiveViewer()?.get('commandStack', false); }

  /** What of a long table is drawn; undefined where no table is shown. */
  get rows() { return this.modeler?.getActiveViewer()?.get('shownRows', false) ?? undefined; }

  async #show(view) {
    this.rows?.begin();
    await this.modeler.open(view);
    if (!this.rows) return;
    this.parts.table.querySelector('th.index-column').textContent = '#'; // dmn-js leaves this heading empty
    this.rows.begin();
    this.rows.redraw();
    this.rows.onChange = () => this.changed();
    this.rows.onAdd = (gap) => this.addMissing(gap);
  }

  async choose(view) {
    this.#leaveField();
    this.opening = true;
    await this.#show(view);
    this.opening = false;
    this.changed();
  }

  /** Ask the server what it says about the table as it is now. */
  async review() {
    const { change } = this.saving;
    try {
      const { status, answer } = await ask(this.container.dataset.review, 'POST', { content: await this.text() });
      if (change !== this.saving.change) return;
      if (status === 200) Object.assign(this, answer);
      else this.findings = [{ severity: 'error', text: answer.text, rows: [] }];
      this.changed();
    } catch { /* the next save tells what is wrong with the connection */ }
  }

  /** Draw anew what shows the table; once for everything that changed in this turn. */
  changed() {
    if (this.waiting) return;
    this.waiting = true;
    queueMicrotask(() => {
      this.waiting = false;
      render(html`<${Toolbar} editor=${this} />`, this.parts.toolbar);
      render(html`<${Trying} editor=${this} /><${Tests} editor=${this} />`, this.parts.side);
      render(html`<${Findings} editor=${this} />`, this.parts.findings);
      const here = this.view?.element.id;
      const found = this.findings.filter((one) => this.viewOf(one)?.element.id === here);
      this.rows?.lack(found.filter((one) => one.missing?.length));
      this.marks.show(this.table, found, this.matched[here]);
    });
  }

  /** Bring the first row, or the cell, of a finding into view. */
  async go(finding, row = finding.rows[0]) {
    const view = this.viewOf(finding);
    if (!view) return;
    if (view.element !== this.view?.element) await this.choose(view);
    const rule = this.table?.get('rule')[row - 1];
    if (rule) this.rows?.reveal(row - 1);
    const id = rule && (finding.column ? cellsOf(rule)[finding.column - 1]?.id : rule.id);
    const cell = id && this.parts.table.querySelector(`td[data-element-id="${CSS.escape(id)}"]`);
    cell?.scrollIntoView({ block: 'center', inline: 'nearest' });
    cell?.querySelector('[contenteditable], [tabindex]')?.focus();
  }

  /** Add the row that a gap asks for: its inputs are filled in, its outputs are to be decided. */
  async addMissing(finding) {
    const view = this.viewOf(finding);
    if (view.element !== this.view?.element) await this.choose(view);
    const viewer = this.modeler.getActiveViewer();
    const [sheet, modeling] = [viewer.get('sheet'), viewer.get('modeling')];
    const row = modeling.addRow({ type: 'dmn:DecisionRule' }, sheet.getRoot().rows.length);
    finding.missing.forEach((text, place) => modeling.editCell(row.businessObject.inputEntry[place], text));
    requestAnimationFrame(() => this.go({ ...finding, column: finding.missing.length + 1 }, this.table.get('rule').length));
  }

  type(name, text) {
    this.typed = { ...this.typed, [name]: text };
    this.changed();
  }

  given() {
    return Object.fromEntries(this.inputs.map((one) => [one.name, valueOf(this.typed[one.name], one.type)]));
  }

  /** Ask the table as it is now what was typed; the rows that answer are marked. */
  async try() {
    this.#leaveField();
    const { answer } = await ask(this.container.dataset.ask, 'POST', { content: await this.text(), inputs: this.given() });
    this.answer = answer;
    this.told = '';
    this.#mark(answer.rows ?? {});
  }

  #mark(rows) {
    this.matched = rows;
    this.changed();
    const [first] = rows[this.view?.element.id] ?? [];
    if (!first) return;
    this.rows?.reveal(first - 1);
    this.parts.table.querySelector(`td[data-element-id="${CSS.escape(this.table.get('rule')[first - 1].id)}"]`)?.scrollIntoView({ block: 'center' });
  }

  showTest(test) {
    this.typed = Object.fromEntries(Object.entries(test.inputs).map(([name, value]) =>
      [name, value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)]));
    this.answer = test.tried ?? { text: test.failure };
    this.told = '';
    this.#mark(test.tried?.rows ?? {});
  }

  async keepTest(name) {
    const { status, answer } = await ask(this.container.dataset.tests, 'POST', { content: await this.text(), inputs: this.given(), name });
    this.told = status === 200 ? _('已存为测试行。') : answer.text;
    if (status === 200) await this.review();
    this.changed();
  }

  undo() { this.#leaveField(); this.stack?.undo(); }

  redo() { this.stack?.redo(); }

  save() { this.#leaveField(); return this.saving.save(); }

  async hand() { download(`${this.key}.dmn`, 'application/xml', await this.text()); }

  /** Hand the table out as an Excel workbook, as it is now. */
  async handSheet() {
    await this.save();
    if (this.saving.state === 'saved') window.location.assign(this.container.dataset.sheet);
  }

  /** Take over the rows of a workbook, once somebody has seen what that changes. */
  async takeSheet(file) {
    this.#leaveField();
    const sheet = await base64(file);
    const { status, answer } = await ask(this.container.dataset.sheet, 'POST', { content: await this.text(), sheet });
    const same = status === 200 && !answer.differences.length;
    if (status !== 200 || same) {
      await askPerson(this.container, _('没有导入'), html`<p>${same ? _('内容与草稿相同，没有改动。') : answer.text}</p>`,
        [{ id: 'ok', label: _('知道了'), main: true }]);
      return;
    }
    const chosen = await askPerson(this.container, _('导入 Excel 会改动这些'), html`<ul class="differences">${answer.differences.map((one) => html`
      <li>${KINDS[one.what]?.() ?? one.what} ${one.subject} ${one.aspect}${(one.before || one.after) && html`: <del>${one.before || _('（无）')}</del> → <ins>${one.after || _('（无）')}</ins>`}</li>`)}</ul>`,
    [{ id: 'take', label: _('导入这些改动'), main: true }, { id: 'leave', label: _('不导入') }]);
    if (chosen === 'take' && await this.open(answer.content)) this.saving.touched();
  }

  /** Take a DMN file in place of the table; the revision before it stays kept on the server. */
  async take(file) {
    this.#leaveField();
    if (/\.xlsx$/i.test(file.name)) {
      await this.takeSheet(file);
      return;
    }
    const before = await this.text();
    if (await this.open(await file.text())) {
      if (this.saving.state !== 'blocked') this.saving.touched();
      else {
        await this.open(before);
        this.saving.unblock();
      }
    }
  }

  /** Two people saved: both texts are there, nothing goes without being asked. */
  async #settle(theirs) {
    const mine = await this.text();
    const answer = await askPerson(this.container, _('有人在您之前保存了这份草稿'), html`
      <p>${theirs.text}</p>
      <div class="both"><label>${_('您的')}<textarea readonly rows="12">${mine}</textarea></label>
        <label>${_('{name}的', { name: theirs.by })}<textarea readonly rows="12">${theirs.content}</textarea></label></div>`,
    [
      { id: 'download', label: _('把我的存为文件'), stay: () => download(`${this.key}-mine.dmn`, 'application/xml', mine) },
      { id: 'theirs', label: _('改用对方的（我的先存为文件）') },
      { id: 'mine', label: _('用我的（对方的留在历史里）'), main: true },
    ]);
    if (answer === 'mine') await this.saving.resume(theirs.revision);
    else if (answer === 'theirs') {
      download(`${this.key}-mine.dmn`, 'application/xml', mine);
      this.saving.settled(theirs.revision);
      if (await this.open(theirs.content)) await this.review();
    }
  }

  async #signInAgain() {
    const answer = await askPerson(this.container, _('登录已过期'), html`
      <p>${_('您改的内容还在这个页面上。请在新窗口里登录，再回到这里继续。')}</p>
      <p><a href="/sign-in" target="_blank" rel="noopener">${_('在新窗口登录')}</a></p>`,
    [{ id: 'go', label: _('已登录，继续保存'), main: true }]);
    if (answer !== 'go') return;
    if (await renewToken()) await this.saving.resume();
    else this.#signInAgain();
  }
}
