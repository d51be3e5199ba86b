// The columns of remarks. dmn-js shows one description of a row; our tables keep sources and
// remarks in annotation columns of the standard, each shown and edited here under its own heading.
import { Component, createComponentVNode, createTextVNode, createVNode } from 'inferno';
import EditableComponent from 'dmn-js-shared/lib/components/EditableComponent';
import { Cell, inject } from 'table-js/lib/components';
import { _ } from './words.js';

const MOST = 8; // columns of remarks that are shown; more are kept

class Heading extends Component {
  constructor(props, context) {
    super(props, context);
    inject(this);
  }

  render() {
    const name = this.notes.names()[this.props.place] || _('备注');
    return createVNode(1, 'th', 'annotation header', createTextVNode(name), 2);
  }
}
Heading.$inject = ['notes'];

class Editor extends EditableComponent {
  render() {
    return createVNode(1, 'div', this.getClassName(), this.getEditor(), 2);
  }
}

class Note extends Component {
  constructor(props, context) {
    super(props, context);
    inject(this);
    this.redraw = () => this.forceUpdate();
    this.write = (text) => this.notes.write(this.props.row.businessObject, this.props.place, text);
  }

  componentWillMount() { this.changeSupport.onElementsChanged(this.props.row.id, this.redraw); }

  componentWillUnmount() { this.changeSupport.offElementsChanged(this.props.row.id, this.redraw); }

  render() {
    const { row, rowIndex, place } = this.props;
    const value = this.notes.read(row.businessObject, place);
    return createComponentVNode(2, Cell, {
      className: 'annotation',
      coords: `${rowIndex}:annotation-${place}`,
      elementId: `${row.id}__note_${place}`,
      'data-row-id': row.id,
      children: createComponentVNode(2, Editor, {
        label: this.notes.names()[place] || _('备注'), ctrlForNewline: true, className: 'annotation-editor', onChange: this.write, value,
      }),
    });
  }
}
Note.$inject = ['notes', 'changeSupport'];

class Notes {
  constructor(components, sheet, modeling) {
    this.sheet = sheet;
    this.modeling = modeling;
    for (let place = 0; place < MOST; place += 1) {
      const heading = (props) => createComponentVNode(2, Heading, { ...props, place });
      const note = (props) => createComponentVNode(2, Note, { ...props, place });
      components.onGetComponent('cell', ({ cellType }) => {
        if (place >= this.names().length) return undefined;
        return { 'after-label-cells': heading, 'after-rule-cells': note }[cellType];
      });
    }
  }

  get table() { return this.sheet.getRoot()?.businessObject; }

  names() { return (this.table?.get('annotation') ?? []).map((one) => one.name); }

  read(rule, place) { return rule.get('annotationEntry')?.[place]?.text ?? ''; }

  /** Write one remark, undoably; remarks before it that the row does not have yet are empty. */
  write(rule, place, text) {
    const had = rule.get('annotationEntry') ?? [];
    const entries = Array.from({ length: Math.max(had.length, place + 1) }, (_each, at) => {
      const entry = rule.$model.create('dmn:RuleAnnotation', { text: at === place ? text : had[at]?.text ?? '' });
      entry.$parent = rule;
      return entry;
    });
    this.modeling.updateProperties(rule, { annotationEntry: entries });
  }
}
Notes.$inject = ['components', 'sheet', 'modeling'];

export const notesModule = { __init__: ['notes'], notes: ['type', Notes], annotationsProvider: ['value', null] };
