// Which rows of the table are drawn: a page of them, or those that hold some words. dmn-js makes a
// field of every cell, which takes it a second for a hundred rows. A row that is missing stands behind
// the row it is most like, with its example in words and a button that adds it.
import { Component, createComponentVNode, createTextVNode, createVNode } from 'inferno';
import { inject } from 'table-js/lib/components';
import { cellsOf } from './marks.js';
import { _ } from './words.js';

export const PAGE = 100;
const MISSING = 5; // missing rows that are shown; the list below has them all

class Body extends Component {
  constructor(props, context) {
    super(props, context);
    inject(this);
  }

  componentWillMount() { this.shownRows.redraw = () => this.forceUpdate(); }

  componentWillUnmount() { this.shownRows.redraw = () => {}; }

  render() {
    const { cols } = this.props;
    const Row = this.components.getComponent('row', { rowType: 'rule' });
    const missing = this.shownRows.missing();
    const rows = this.shownRows.shown().flatMap(([row, rowIndex]) => [
      createComponentVNode(2, Row, { row, rowIndex, cols }, row.id),
      ...missing.filter((one) => one.behind === rowIndex).map(({ gap, place }) => missingRow(gap, place, cols, this.shownRows)),
    ]);
    return createVNode(1, 'tbody', null, rows, 0);
  }
}
Body.$inject = ['shownRows', 'components'];

/** A row that is not there: the cells it would have, and what it would answer. */
function missingRow(gap, place, cols, shownRows) {
  const rest = Math.max(1, cols.length - gap.missing.length + shownRows.notes());
  const add = { type: 'button', name: 'add-missing', onClick: () => shownRows.onAdd(gap) };
  return createVNode(1, 'tr', `missing ${gap.severity}`, [
    cell('missing-index', _('缺'), 'index'),
    ...gap.missing.map((text, column) => cell('input-cell', text, `input-${column}`)),
    createVNode(1, 'td', 'words', [withText('span', '', gap.text), withText('button', 'button small', _('补一行'), add)], 4, { colSpan: rest }, 'words'),
  ], 8, null, `missing-${place}`);
}

const withText = (tag, name, text, props = null) => createVNode(1, tag, name, createTextVNode(text), 2, props);
const cell = (name, text, key) => createVNode(1, 'td', name, createTextVNode(text), 2, null, key);

class ShownRows {
  constructor(components, eventBus, sheet) {
    this.sheet = sheet;
    this.redraw = () => {};
    this.onChange = () => {};
    this.onAdd = () => {};
    this.gaps = [];
    this.begin();
    components.onGetComponent('table.body', 2000, () => Body);
    eventBus.on('selection.changed', 3000, ({ selection }) => selection?.row && this.reveal(this.all().indexOf(selection.row)));
  }

  /** Another table is shown. */
  begin() {
    this.from = 0;
    this.words = '';
  }

  all() { return this.sheet.getRoot()?.rows ?? []; }

  notes() { return this.sheet.getRoot()?.businessObject.get('annotation')?.length ?? 0; }

  /** The rows that hold the words looked for, each with its place in the table. */
  found() {
    const wanted = this.words.trim().toLowerCase();
    const rows = this.all().map((row, index) => [row, index]);
    if (!wanted) return rows;
    const texts = ({ businessObject }) => [...cellsOf(businessObject), ...(businessObject.get('annotationEntry') ?? [])].map((one) => one.text ?? '');
    return rows.filter(([row]) => texts(row).some((text) => text.toLowerCase().includes(wanted)));
  }

  shown() { return this.found().slice(this.from, this.from + PAGE); }

  /** The missing rows, each behind the last of those it is most like. */
  missing() {
    const inputs = this.all().map(({ businessObject }) => businessObject.inputEntry ?? []);
    return this.gaps.slice(0, MISSING).map((gap, place) => {
      const like = inputs.map((cells) => cells.filter((cell, column) => cell.text === gap.missing[column]).length);
      return { gap, place, behind: like.lastIndexOf(Math.max(...like)) };
    });
  }

  look(words) {
    this.words = words;
    this.from = 0;
    this.changed();
  }

  /** Draw the page on which the row of that place is found, if it is not drawn. */
  reveal(index) {
    if (index < 0 || this.shown().some(([, place]) => place === index)) return;
    this.words = '';
    this.from = Math.floor(index / PAGE) * PAGE;
    this.changed();
  }

  turn(from) {
    this.from = Math.max(0, Math.min(from, this.found().length - 1));
    this.changed();
  }

  /** The rows that would answer what nothing answers. */
  lack(gaps) {
    this.gaps = gaps;
    this.redraw();
  }

  changed() {
    this.redraw();
    this.onChange();
  }
}
ShownRows.$inject = ['components', 'eventBus', 'sheet'];

export const rowsModule = { __init__: ['shownRows'], shownRows: ['type', ShownRows] };
