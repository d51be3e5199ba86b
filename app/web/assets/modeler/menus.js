// Palette, pad and menus on the canvas, reduced to what runs.
import ReplaceMenuProvider from 'bpmn-js/lib/features/popup-menu/ReplaceMenuProvider';
import { is } from 'bpmn-js/lib/util/ModelUtil';
import { KINDS, attributes, runs } from './catalogue.js';
import { _ } from './words.js';

const IN_PALETTE = ['start', 'user-task', 'service-task', 'rule-task', 'call-activity', 'sub-process',
  'exclusive-gateway', 'parallel-gateway', 'catch-timer', 'end', 'pool'];
const DROPPED = ['append.append-task', 'append.intermediate-event', 'append.gateway', 'append.end-event',
  'append.condition-intermediate-event', 'append.compensation-activity'];
const QUICK = ['user-task', 'exclusive-gateway', 'end'];

const COLOUR = () => ({ group: 'edit', className: 'jieban-colour', title: _('上色') });

class Palette {
  static $inject = ['palette', 'create', 'elementFactory', 'lassoTool', 'handTool', 'spaceTool', 'globalConnect', 'translate', 'eventBus'];

  constructor(palette, create, elementFactory, lassoTool, handTool, spaceTool, globalConnect, translate, eventBus) {
    Object.assign(this, { create, elementFactory, lassoTool, handTool, spaceTool, globalConnect, translate, eventBus });
    palette.registerProvider(this);
  }

  getPaletteEntries() {
    const tool = (id, icon, title, click) => [id, { group: 'tools', className: `bpmn-icon-${icon}`, title: this.translate(title), action: { click } }];
    const entries = [
      tool('hand-tool', 'hand-tool', 'Activate hand tool', (event) => this.handTool.activateHand(event)),
      tool('lasso-tool', 'lasso-tool', 'Activate lasso tool', (event) => this.lassoTool.activateSelection(event)),
      tool('space-tool', 'space-tool', 'Activate create/remove space tool', (event) => this.spaceTool.activateSelection(event)),
      tool('global-connect-tool', 'connection-multi', 'Activate global connect tool', (event) => this.globalConnect.start(event)),
      ['tool-separator', { group: 'tools', separator: true }],
    ];
    for (const id of IN_PALETTE) {
      const kind = KINDS.find((one) => one.id === id);
      const start = (event) => this.create.start(event, this.#made(kind));
      entries.push([`create.${id}`, { group: 'create', className: `bpmn-icon-${kind.icon}`, title: _(kind.label), action: { dragstart: start, click: start } }]);
    }
    entries.push(['create.more', { group: 'create', className: 'jieban-more', title: _('更多元素'), action: { click: () => this.eventBus.fire('jieban.place') } }]);
    return Object.fromEntries(entries);
  }

  #made(kind) {
    if (kind.id === 'pool') return this.elementFactory.createParticipantShape();
    const shape = this.elementFactory.createShape(attributes(kind));
    if (kind.id !== 'sub-process') return shape;
    return [shape, this.elementFactory.createShape({ type: 'bpmn:StartEvent', x: 40, y: 82, parent: shape })];
  }
}

class Pad {
  static $inject = ['contextPad', 'autoPlace', 'elementFactory', 'eventBus', 'create'];

  constructor(contextPad, autoPlace, elementFactory, eventBus, create) {
    Object.assign(this, { autoPlace, elementFactory, eventBus, create });
    contextPad.registerProvider(500, this);
  }

  getContextPadEntries(element) {
    return (entries) => {
      const kept = Object.fromEntries(Object.entries(entries).filter(([id]) => !DROPPED.includes(id)));
      const fire = (name) => (_event, target) => this.eventBus.fire(name, { element: target });
      if (kept.replace) kept.replace = { ...kept.replace, action: { click: fire('jieban.type') } };
      if (element.type !== 'label') kept.colour = { ...COLOUR(), action: { click: fire('jieban.colour') } };
      if (!is(element, 'bpmn:FlowNode') || is(element, 'bpmn:EndEvent')) return kept;
      const added = {
        append: { group: 'model', className: 'jieban-more', title: _('在后面追加…'), action: { click: fire('jieban.append') } },
      };
      if (!is(element, 'bpmn:EventBasedGateway')) for (const id of QUICK) added[`append.${id}`] = this.#append(id);
      return { ...added, ...kept };
    };
  }

  getMultiElementContextPadEntries() {
    return (entries) => ({
      ...entries, colour: { ...COLOUR(), action: { click: (_event, elements) => this.eventBus.fire('jieban.colour', { element: elements }) } },
    });
  }

  #append(id) {
    const kind = KINDS.find((one) => one.id === id);
    const shape = () => this.elementFactory.createShape(attributes(kind));
    return {
      group: 'model', className: `bpmn-icon-${kind.icon}`, title: _('追加{kind}', { kind: _(kind.label) }),
      action: {
        click: (_event, source) => this.autoPlace.append(source, shape()),
        dragstart: (event, source) => this.create.start(event, shape(), { source }),
      },
    };
  }
}

/** Changes of type that lead to what runs. */
class Replace extends ReplaceMenuProvider {
  _createEntries(target, options) {
    return super._createEntries(target, options.filter((one) => runs(one.target)));
  }

  getPopupMenuHeaderEntries(target) {
    const { 'toggle-participant-multiplicity': _one, 'toggle-is-collection': _two, ...kept } = super.getPopupMenuHeaderEntries(target);
    return kept;
  }
}
Replace.$inject = ReplaceMenuProvider.$inject;

export const menusModule = {
  __init__: ['jiebanPad'],
  paletteProvider: ['type', Palette],
  jiebanPad: ['type', Pad],
  replaceMenuProvider: ['type', Replace],
};
