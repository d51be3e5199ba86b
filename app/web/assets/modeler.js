// The workshop's editor of diagrams: canvas, outline, properties, findings, and the draft they keep.
import Modeler from 'bpmn-js/lib/Modeler';
import { is } from 'bpmn-js/lib/util/ModelUtil';
import minimap from 'diagram-js-minimap';
import { html, render } from '@bpmn-io/diagram-js-ui';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import 'diagram-js-minimap/assets/diagram-js-minimap.css';
import './modeler/editor.css';
import { COLOURS, appendable, attributes, placeable } from './modeler/catalogue.js';
import { ask as askPerson, choose } from './modeler/chooser.js';
import { isChinese } from './language.js';
import { differences } from './modeler/differences.js';
import { Editing, editingModule } from './modeler/editing.js';
import { editInEnglish } from './modeler/english_names.js';
import { Findings, markFindings } from './modeler/findings.js';
import { hasOtherIds, keepLanguages, keepNamedCollections, lost, readable } from './modeler/importing.js';
import descriptor from './modeler/jieban.json';
import { drawIfBare } from './modeler/layout.js';
import { menusModule } from './modeler/menus.js';
import { Actions, Outline, kindName, rows, title } from './modeler/outline.js';
import { Panel } from './modeler/panel/panel.js';
import { copyPng, copyText, download, png } from './modeler/pictures.js';
import { Saving, ask, renewToken } from './modeler/saving.js';
import { variables } from './modeler/scope.js';
import { Toolbar } from './modeler/toolbar.js';
import { _, translations, untranslated } from './modeler/words.js';

const LARGEST = 2_000_000; // bytes of a file that is taken in; the server keeps no larger one
const PALETTE = 80; // pixels at the left that the palette covers
const MARGIN = 30;
const READABLE = 0.6; // zoom below which names cannot be read
const ID = /^[A-Za-z_][\w.-]{0,127}$/;

/** Start the editor in `container`, whose data attributes give the addresses of its draft. */
export async function show(container) {
  const editor = new Editor(container);
  container.editor = editor;
  await editor.start();
  container.dataset.ready = '1';
}

class Editor {
  constructor(container) {
    this.container = container;
    this.names = {};
    this.findings = [];
    this.selected = [];
    this.untranslated = untranslated;
    container.replaceChildren();
    this.parts = {};
    for (const [name, label] of [['toolbar', ''], ['outline', _('大纲')], ['canvas', _('画布')], ['panel', _('属性')], ['findings', _('问题')]]) {
      const part = document.createElement(name === 'toolbar' ? 'div' : 'section');
      part.className = `editor-${name}`;
      if (label) part.setAttribute('aria-label', label);
      this.parts[name] = part;
      container.append(part);
    }
    this.modeler = new Modeler({
      container: this.parts.canvas,
      canvas: { autoFocus: true },
      moddleExtensions: { jieban: descriptor },
      additionalModules: [translations, menusModule, editingModule, minimap],
    });
    this.editing = new Editing(this.modeler);
    keepLanguages(this.editing.moddle);
    if (!isChinese) editInEnglish(this.editing);
    this.saving = new Saving({
      content: container.dataset.content,
      check: container.dataset.check,
      trial: container.dataset.trial,
      text: () => this.text(),
      onChange: () => this.changed(),
      onTrial: (trial) => this.#tried(trial),
      onFindings: (findings) => this.#take(findings),
      onConflict: (theirs) => this.#settle(theirs),
      onExpired: () => this.#signInAgain(),
    });
  }

  async start() {
    const [draft, names] = await Promise.all([this.saving.load(), ask(this.container.dataset.names, 'GET')]);
    this.names = names.answer;
    this.key = draft.key;
    this.#listen();
    if (await this.open(draft.content)) await this.saving.look();
  }

  #listen() {
    const on = (...given) => this.modeler.on(...given);
    on('import.parse.complete', (event) => {
      event.warnings.splice(0, Infinity, ...keepNamedCollections(event, this.editing.moddle));
      if (event.definitions) drawIfBare(event.definitions, this.editing.moddle);
    });
    on('selection.changed', 2000, () => this.#leaveField());
    on('selection.changed', ({ newSelection }) => {
      this.selected = newSelection;
      this.changed();
    });
    on('commandStack.changed', ({ trigger }) => {
      if (trigger === 'clear') return;
      this.saving.touched();
      this.changed();
    });
    on('jieban.append', ({ element }) => this.append(element));
    on('jieban.place', () => this.place());
    on('jieban.type', ({ element }) => this.changeType(element));
    on('jieban.colour', ({ element }) => this.colour(element));
    const { container } = this;
    window.addEventListener('beforeunload', (event) => {
      this.#leaveField();
      if (this.saving.dirty) event.preventDefault();
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden' && this.saving.dirty) this.saving.save();
    });
    container.addEventListener('keydown', (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'f') return;
      event.preventDefault();
      event.stopPropagation(); // bpmn-js has a search of its own, which does not know the outline
      this.find();
    }, true);
    container.addEventListener('keydown', (event) => {
      if (!(event.ctrlKey || event.metaKey)) return;
      const act = { s: () => this.save(), c: () => this.copy(), v: () => this.paste(), z: () => (event.shiftKey ? this.redo() : this.undo()), y: () => this.redo() }[event.key.toLowerCase()];
      const typing = event.target.closest('input, textarea, [contenteditable]');
      const reading = event.key.toLowerCase() === 'c' && String(window.getSelection());
      if (!act || event.defaultPrevented || reading || (typing && event.key.toLowerCase() !== 's')) return;
      event.preventDefault();
      act();
    });
  }

  /** What is being typed in the panel is told before something else is looked at. */
  #leaveField() {
    const field = document.activeElement;
    if (field && this.parts.panel.contains(field)) field.blur();
  }

  /** Draw a text. What a reader would drop is shown and blocks saving until somebody agrees. */
  async open(text) {
    this.saving.forget();
    try {
      const renamed = hasOtherIds(text) ? await this.#allowIds(text) : undefined;
      const read = readable(renamed?.content ?? text);
      const imported = await this.modeler.importXML(read);
      const warnings = [...imported.warnings.map((one) => one.message), ...lost(read, await this.text(), this.editing.moddle)];
      this.selected = [];
      this.#take([]);
      this.#fit();
      if (warnings.length) this.saving.block(_('有 {number} 处没有读懂，暂不保存。', { number: warnings.length }));
      this.warnings = warnings;
      this.changed();
      if (warnings.length) await this.#tellWarnings();
      if (renamed) await this.#tellRenamed(renamed.renamed);
      return true;
    } catch (error) {
      this.warnings = [error.message, ...(error.warnings ?? []).map((one) => one.message)];
      this.saving.block(_('无法画出这份文件。'));
      this.changed();
      await this.#tellWarnings();
      return false;
    }
  }

  /** Show the whole diagram beside the palette. */
  #fit() {
    this.canvas.zoom('fit-viewport');
    const { inner, outer } = this.canvas.viewbox();
    if (!inner.width || !outer.width) return;
    const scale = Math.min(1, (outer.width - PALETTE - MARGIN) / inner.width, (outer.height - 2 * MARGIN) / inner.height);
    this.canvas.viewbox({
      x: inner.x - PALETTE / scale,
      y: inner.y + inner.height / 2 - outer.height / 2 / scale,
      width: outer.width / scale,
      height: outer.height / scale,
    });
  }

  async #tellWarnings() {
    const drawn = this.modeler.getDefinitions() && this.canvas.getRootElement()?.businessObject;
    const answer = await askPerson(this.container, _('有内容没有读懂'), html`
      <p>${_('下面这些内容编辑器无法保留。为了不丢失它们，这份草稿暂不保存。')}</p>
      <ul class="warnings">${this.warnings.map((one) => html`<li>${one}</li>`)}</ul>`,
    [{ id: 'leave', label: _('先不保存'), main: true }, ...(drawn ? [{ id: 'go', label: _('丢弃这些内容，继续编辑') }] : [])]);
    if (answer !== 'go') return;
    this.warnings = [];
    this.saving.unblock();
    this.saving.touched();
  }

  /** The text with ids that can stay: what another tool calls 办理 becomes user_task_1. */
  async #allowIds(text) {
    const { status, answer } = await ask(this.container.dataset.ids, 'POST', { content: text });
    if (status !== 200) throw new Error(answer.text);
    return answer;
  }

  async #tellRenamed(renamed) {
    this.saving.touched();
    await askPerson(this.container, _('有 {number} 个编号改了', { number: renamed.length }), html`
      <p>${_('这些元素的编号不能用在这里，已改为新编号；引用一并更新，名称不变。')}</p>
      <ul class="warnings">${renamed.map((one) => html`<li>${one.was || '—'} → <code>${one.becomes}</code> ${one.name}</li>`)}</ul>`,
    [{ id: 'ok', label: _('知道了'), main: true }]);
  }

  async text() {
    const { xml } = await this.modeler.saveXML({ format: true });
    return xml;
  }

  get canvas() { return this.modeler.get('canvas'); }

  get root() { return this.canvas.getRootElement(); }

  /** What stands for the whole diagram: its pool with the process, else the process. */
  whole() {
    const pool = this.editing.elementRegistry.find((one) => is(one, 'bpmn:Participant') && one.businessObject.processRef);
    return is(this.root, 'bpmn:Collaboration') && pool ? pool : this.root;
  }

  element(id) { return this.modeler.get('elementRegistry').get(id); }

  variables() { return variables(this.editing.definitions, this.names); }

  #take(findings) {
    this.findings = findings;
    markFindings(this.modeler, findings);
    this.changed();
  }

  #tried(trial) {
    this.trial = trial;
    this.changed();
  }

  /** Draw anew what shows the diagram; once for everything that changed in this turn. */
  changed() {
    if (this.waiting) return;
    this.waiting = true;
    queueMicrotask(() => this.#draw());
  }

  #draw() {
    this.waiting = false;
    if (!this.root?.businessObject) return;
    render(html`<${Toolbar} editor=${this} />`, this.parts.toolbar);
    render(html`<h2>${_('大纲')}</h2><${Actions} editor=${this} /><${Outline} editor=${this} />`, this.parts.outline);
    render(html`<${Panel} editor=${this} />`, this.parts.panel);
    render(html`<${Findings} editor=${this} />`, this.parts.findings);
  }

  /** Select an element by its id and bring it into view. */
  select(id) {
    const element = this.element(id);
    if (!element) return;
    const root = this.canvas.findRoot(element);
    if (root && root !== this.root) this.canvas.setRootElement(root);
    if (element === this.root) this.modeler.get('selection').select([]);
    else {
      this.modeler.get('selection').select(element);
      const middle = element.waypoints?.[0] ?? { x: element.x + element.width / 2, y: element.y + element.height / 2 };
      if (this.canvas.zoom() < READABLE) {
        const { outer } = this.canvas.viewbox();
        const [width, height] = [outer.width / READABLE, outer.height / READABLE];
        this.canvas.viewbox({ x: middle.x - width / 2, y: middle.y - height / 2, width, height });
      } else this.canvas.scrollToElement(element, 80);
    }
  }

  /** Go to a field of the panel, at once: the next key is meant for it. */
  focusPanel(name) {
    this.#draw();
    const field = this.parts.panel.querySelector(name ? `[name="${name}"]` : 'input, select, textarea');
    field?.focus();
    field?.select?.();
  }

  focusOutline(id) {
    this.#draw();
    this.parts.outline.querySelector(`[data-id="${CSS.escape(id)}"]`)?.focus();
  }

  /** Choose what comes behind an element, and draw it. */
  async append(element) {
    if (!is(element, 'bpmn:FlowNode') || is(element, 'bpmn:EndEvent')) {
      await this.place();
      return;
    }
    const chosen = await choose(this.container, _('在“{name}”后面追加', { name: title(element.businessObject) || kindName(element.businessObject) }), appendable(element, this.names));
    if (!chosen) return;
    const made = chosen.add(this.editing, element);
    this.select(made.id);
    this.focusOutline(made.id);
  }

  /** Choose an element and put it on free ground. */
  async place() {
    const chosen = await choose(this.container, _('添加元素'), placeable());
    if (!chosen) return;
    const made = this.editing.place(attributes(chosen));
    this.select(made.id);
    this.focusOutline(made.id);
  }

  /** Copy what is selected, wherever in the editor the hand is. */
  copy() { if (this.selected.length) this.editing.copy(this.selected); }

  /** Paste beside the drawing, for a hand that is not on the canvas. */
  paste() {
    const [made] = this.editing.paste();
    if (!made) return;
    this.select(made.id);
    this.focusOutline(made.id);
  }

  /** Choose where a flow from an element leads. */
  async connect(element) {
    if (!is(element, 'bpmn:FlowNode')) return;
    const rules = this.modeler.get('bpmnRules');
    const targets = rows(this.editing.definitions)
      .map(({ owner }) => this.element(owner.id))
      .filter((one) => one && one !== element && !one.waypoints && is(one, 'bpmn:FlowNode') && rules.canConnect(element, one));
    const items = targets.map((one) => ({ id: one.id, label: title(one.businessObject) || kindName(one.businessObject), hint: one.id }));
    const chosen = await choose(this.container, _('连到'), items);
    const made = chosen && this.editing.connect(element, this.element(chosen.id));
    if (made) this.select(made.id);
  }

  /** The types an element can be changed to: [{id, label, action}]. */
  types(element) {
    const provider = this.modeler.get('replaceMenuProvider');
    return Object.entries(provider.getPopupMenuEntries(element) ?? {}).map(([id, entry]) => ({ id, label: entry.label, action: entry.action }));
  }

  async changeType(element) {
    const types = this.types(element);
    const chosen = types.length ? await choose(this.container, _('改成'), types) : null;
    if (!chosen) return;
    const made = chosen.action();
    this.select((made ?? element).id);
    this.focusOutline((made ?? element).id);
  }

  /** Choose a colour for one or several elements. */
  async colour(elements) {
    const chosen = await choose(this.container, _('上色'), COLOURS.map((one) => ({ ...one, label: _(one.label), icon: `colour colour-${one.id}` })));
    if (chosen) this.editing.colour(elements, chosen);
  }

  remove(element) {
    if (!element.parent) return;
    const next = element.incoming?.[0]?.source ?? element.source ?? element.host ?? element.parent;
    this.editing.remove(element);
    if (next && this.element(next.id)) {
      this.select(next.id);
      this.focusOutline(next.id);
    }
  }

  setId(element, owner, id) {
    const wrong = !ID.test(id) ? _('编号以英文字母开头，只用字母、数字、点、横线和下划线。')
      : this.editing.moddle.ids.assigned(id) ? _('编号“{id}”已有人用。', { id }) : '';
    if (wrong) {
      askPerson(this.container, _('编号没有改'), html`<p>${wrong}</p>`, [{ id: 'ok', label: _('知道了'), main: true }]);
      this.changed();
    } else if (owner === element.businessObject) this.editing.set(element, { id });
    else this.editing.setWithin(element, owner, { id });
  }

  undo() { this.#leaveField(); this.modeler.get('commandStack').undo(); }

  redo() { this.modeler.get('commandStack').redo(); }

  save() { this.#leaveField(); return this.saving.save(); }

  zoom(step) {
    if (step === 'fit') this.#fit();
    else this.canvas.zoom(this.canvas.zoom() * step);
  }

  /** Choose an element by its name, its kind or its id, and go there. */
  async find() {
    const items = rows(this.editing.definitions).filter(({ owner }) => this.element(owner.id)).map(({ owner }) => ({
      id: owner.id, label: title(owner) || kindName(owner), hint: `${kindName(owner)} ${owner.id}`,
    }));
    const chosen = await choose(this.container, _('查找元素'), items);
    if (!chosen) return;
    this.select(chosen.id);
    this.focusOutline(chosen.id);
  }

  minimap() { this.modeler.get('minimap').toggle(); }

  /** Hand the diagram out: as bpmn, svg or png file, or onto the clipboard (copy-svg, copy-png). */
  async hand(form) {
    const name = this.key || 'diagram';
    if (form === 'bpmn') return download(`${name}.bpmn`, 'application/xml', await this.text());
    const { svg } = await this.modeler.saveSVG();
    if (form === 'svg') return download(`${name}.svg`, 'image/svg+xml', svg);
    if (form === 'png') return download(`${name}.png`, 'image/png', await png(svg));
    const done = await (form === 'copy-svg' ? copyText(svg) : copyPng(svg));
    this.told = done ? _('已复制。') : _('浏览器不允许复制，请改用下载。');
    return this.changed();
  }

  /** Take a file in place of what is drawn; the revision before it stays kept on the server. */
  async take(file) {
    if (file.size > LARGEST) {
      await askPerson(this.container, _('文件太大'), html`<p>${_('文件最大 2 MB，这份有 {size} MB：请用调用活动拆成几个流程。', { size: (file.size / 1e6).toFixed(1) })}</p>`,
        [{ id: 'ok', label: _('知道了'), main: true }]);
      return;
    }
    await this.save();
    const before = await this.text();
    if (await this.open(await file.text())) {
      this.saving.touched();
      if (this.saving.state !== 'blocked') await this.#nameProcess();
    } else {
      await this.open(before);
      this.saving.unblock();
    }
  }

  /** A file of another process becomes this one only when somebody says so. */
  async #nameProcess() {
    const found = this.editing.named('bpmn:Process');
    if (found.length !== 1 || found[0].id === this.key || this.editing.moddle.ids.assigned(this.key)) return;
    const answer = await askPerson(this.container, _('这是另一个流程的文件'), html`
      <p>${_('文件里的流程编号是“{id}”，这份草稿是“{key}”。', { id: found[0].id, key: this.key })}</p>`,
    [{ id: 'rename', label: _('改成“{key}”', { key: this.key }), main: true }, { id: 'leave', label: _('保留文件里的编号') }]);
    if (answer === 'rename') this.setId(this.whole(), found[0], this.key);
  }

  /** Two people saved: both texts are there, nothing goes without being asked. */
  async #settle(theirs) {
    const mine = await this.text();
    const answer = await askPerson(this.container, _('有人在您之前保存了这份草稿'), html`
      <p>${theirs.text}</p>
      <h3>${_('不同之处')}</h3>
      <ul class="differences">${differences(mine, theirs.content).map((one) => html`<li>${one}</li>`)}</ul>
      <div class="both"><label>${_('您的')}<textarea readonly rows="10">${mine}</textarea></label>
        <label>${_('{name}的', { name: theirs.by })}<textarea readonly rows="10">${theirs.content}</textarea></label></div>`,
    [
      { id: 'download', label: _('把我的存为文件'), stay: () => download(`${this.key}-mine.bpmn`, 'application/xml', mine) },
      { id: 'theirs', label: _('改用对方的（我的先存为文件）') },
      { id: 'mine', label: _('用我的（对方的留在历史里）'), main: true },
    ]);
    if (answer === 'mine') await this.saving.resume(theirs.revision);
    else if (answer === 'theirs') {
      download(`${this.key}-mine.bpmn`, 'application/xml', mine);
      this.saving.settled(theirs.revision);
      await this.open(theirs.content);
      await this.saving.look();
    }
  }

  async #signInAgain() {
    const answer = await askPerson(this.container, _('登录已过期'), html`
      <p>${_('您画的内容还在这个页面上。请在新窗口里登录，再回到这里继续。')}</p>
      <p><a href="/sign-in" target="_blank" rel="noopener">${_('在新窗口登录')}</a></p>`,
    [{ id: 'go', label: _('已登录，继续保存'), main: true }]);
    if (answer !== 'go') return;
    if (await renewToken()) await this.saving.resume();
    else this.#signInAgain();
  }
}
