// What changes a diagram. Every function here is one step that can be undone at once.
import { is } from 'bpmn-js/lib/util/ModelUtil';
import { waysOut } from './scope.js';

const TOGETHER = 'jieban.together';

/** A command of other commands: what `run` does is undone and redone as one. */
class Together {
  preExecute({ run }) { run(); }
}

/** Ids that people can read and type: the kind and a number, as in `user_task_2`. */
function readableIds(moddle, bpmnFactory) {
  const original = bpmnFactory._ensureId.bind(bpmnFactory);
  bpmnFactory._ensureId = (element) => {
    if (!element.id && bpmnFactory._needsId(element) && !element.$type.startsWith('bpmndi:')) {
      const kind = element.$type.replace(/^\w+:/, '').replace(/(?!^)([A-Z])/g, '_$1').toLowerCase();
      let number = 1;
      while (moddle.ids.assigned(`${kind}_${number}`)) number += 1;
      element.id = `${kind}_${number}`;
      moddle.ids.claim(element.id, element);
      return;
    }
    original(element);
  };
}
readableIds.$inject = ['moddle', 'bpmnFactory'];

/** Copies and changes of type keep our elements where they may stand, and named collections. */
function copying(eventBus) {
  eventBus.on('moddleCopy.canCopyProperty', 2000, ({ parent, property, propertyName }) => {
    if (['loopDataInputRef', 'loopDataOutputRef'].includes(propertyName)) return property;
    const type = property?.$descriptor;
    const allowed = type?.allTypesByName?.[type.name]?.meta?.allowedIn;
    const holder = is(parent, 'bpmn:ExtensionElements') ? parent.$parent : parent;
    if (allowed && holder && !allowed.includes(holder.$type)) return false;
    return undefined;
  });
}
copying.$inject = ['eventBus'];

/**
 * Undo brings flows back where they were: bpmn-js puts what was deleted behind all others, but the
 * order in the file is the order in which a gateway tries its ways.
 */
function steadyOrder(eventBus, commandStack, bpmnjs) {
  const orders = new Map();
  const scopes = () => {
    const found = [];
    const look = (scope) => {
      found.push(scope);
      for (const one of scope.get('flowElements') ?? []) if (is(one, 'bpmn:SubProcess')) look(one);
    };
    bpmnjs.getDefinitions().get('rootElements').filter((one) => is(one, 'bpmn:Process')).forEach(look);
    return found;
  };
  const keep = () => orders.set(commandStack._stackIdx, new Map(scopes().map((scope) => [scope, [...scope.get('flowElements')]])));
  const restore = () => {
    const kept = orders.get(commandStack._stackIdx);
    for (const scope of kept ? scopes() : []) {
      const place = new Map(kept.get(scope)?.map((one, index) => [one, index]));
      scope.get('flowElements').sort((one, other) => (place.get(one) ?? Infinity) - (place.get(other) ?? Infinity));
    }
  };
  eventBus.on('import.done', () => {
    orders.clear();
    if (bpmnjs.getDefinitions()) keep();
  });
  eventBus.on('commandStack.changed', 3000, ({ trigger }) => {
    if (trigger === 'execute') keep();
    else if (trigger !== 'clear') restore();
  });
}
steadyOrder.$inject = ['eventBus', 'commandStack', 'bpmnjs'];

export const editingModule = {
  __init__: [
    ['commandStack', (commandStack) => commandStack.registerHandler(TOGETHER, Together)],
    readableIds,
    copying,
    steadyOrder,
  ],
};

/** Commands on one diagram. `element` is always a shape, connection or root of the canvas. */
export class Editing {
  constructor(modeler) {
    this.modeler = modeler;
    for (const name of ['modeling', 'moddle', 'bpmnFactory', 'canvas', 'commandStack', 'elementRegistry',
      'elementFactory', 'eventBus', 'spaceTool', 'copyPaste', 'clipboard']) {
      this[name] = modeler.get(name);
    }
  }

  get definitions() { return this.modeler.getDefinitions(); }

  /** Do several things that are undone together. */
  together(run) {
    let result;
    this.commandStack.execute(TOGETHER, { run: () => { result = run(); } });
    return result;
  }

  /** Set properties of the element itself; undefined removes one. */
  set(element, properties) { this.modeling.updateProperties(element, properties); }

  /** Set properties of something that belongs to `element`. */
  setWithin(element, owner, properties) { this.modeling.updateModdleProperties(element, owner, properties); }

  create(type, properties, parent) {
    const made = this.bpmnFactory.create(type, properties);
    if (parent) made.$parent = parent;
    return made;
  }

  /** Our extension element of a type, or undefined. */
  extension(owner, type) {
    return owner?.get('extensionElements')?.get('values').find((one) => is(one, type));
  }

  /** Put `properties` in place of our extension element of `type`; null removes it. */
  setExtension(element, owner, type, properties) {
    const held = owner.get('extensionElements');
    const others = (held?.get('values') ?? []).filter((one) => !is(one, type));
    const made = properties && this.moddle.create(type, properties);
    const values = made ? this.#placed(held, type, made, others) : others;
    const extensionElements = values.length ? this.create('bpmn:ExtensionElements', { values }, owner) : undefined;
    for (const one of values) one.$parent = extensionElements;
    this.setWithin(element, owner, { extensionElements });
  }

  #placed(held, type, made, others) {
    const place = (held?.get('values') ?? []).findIndex((one) => is(one, type));
    const values = [...others];
    values.splice(place < 0 ? values.length : place, 0, made);
    return values;
  }

  /** A form, service or result list is written anew as a whole. */
  many(type, rows) { return rows.map((row) => this.moddle.create(type, row)); }

  /** A FEEL text as an element of BPMN; empty texts are none. */
  expression(text, owner) {
    return text ? this.create('bpmn:FormalExpression', { body: text }, owner) : undefined;
  }

  setDocumentation(element, owner, text) {
    const documentation = text ? [this.create('bpmn:Documentation', { text }, owner)] : [];
    this.setWithin(element, owner, { documentation });
  }

  /** Messages, signals, errors and escalations of the file: by type. */
  named(type) { return (this.definitions.get('rootElements') ?? []).filter((one) => is(one, type)); }

  /** Refer from `owner` to a definition, made anew if it does not exist yet. */
  refer(element, owner, property, type, properties) {
    this.together(() => {
      let found = this.named(type).find((one) => one.name === properties.name);
      if (!found) {
        found = this.create(type, properties, this.definitions);
        const rootElements = [...this.definitions.get('rootElements')];
        rootElements.unshift(found);
        this.setWithin(element, this.definitions, { rootElements });
      }
      this.setWithin(element, owner, { [property]: found });
    });
  }

  rename(element, name) {
    if (is(element, 'bpmn:TextAnnotation') || is(element, 'bpmn:Group')) this.modeling.updateLabel(element, name);
    else this.set(element, { name: name || undefined });
  }

  colour(elements, { fill, stroke }) { this.modeling.setColor(elements, { fill, stroke }); }

  remove(elements) { this.modeling.removeElements([].concat(elements)); }

  /** Draw a flow; undefined where BPMN allows none. */
  connect(source, target) {
    if (!this.modeler.get('bpmnRules').canConnect(source, target)) return undefined;
    return this.modeling.connect(source, target);
  }

  /** Make a shape from attributes of the catalogue. */
  shape(attributes) { return this.elementFactory.createShape({ ...attributes }); }

  /**
   * Put a shape behind `source`: into its one flow where it has one and the shape can go on,
   * else on a way of its own. Gives the shape.
   */
  append(source, attributes) {
    return this.together(() => {
      const [flow, ...more] = source.outgoing.filter((one) => is(one, 'bpmn:SequenceFlow'));
      const shape = this.shape(attributes);
      if (is(shape, 'bpmn:SubProcess')) return this.#begun(this.#behind(source, shape, flow, more));
      return this.#behind(source, shape, flow, more);
    });
  }

  /** A new sub-process begins with a start event. */
  #begun(shape) {
    const start = this.shape({ type: 'bpmn:StartEvent' });
    this.modeling.createShape(start, { x: shape.x + 60, y: shape.y + shape.height / 2 }, shape);
    return shape;
  }

  #behind(source, shape, flow, more) {
    const apart = !is(shape, 'bpmn:FlowNode') || is(shape, 'bpmn:EndEvent') || is(source, 'bpmn:Gateway');
    if (!flow || more.length || apart) {
      const at = this.eventBus.fire('autoPlace', { source, shape });
      return this.clear(this.modeling.appendShape(source, shape, at, source.parent));
    }
    const target = flow.target;
    const gap = 50;
    const room = source.x + source.width + gap + shape.width + gap - target.x;
    const right = target.x > source.x + source.width / 2;
    if (right && room > 0) this.makeRoom(target.x - 10, room);
    const at = {
      x: source.x + source.width + gap + shape.width / 2,
      y: source.y + source.height / 2,
    };
    const made = this.modeling.createShape(shape, at, source.parent);
    this.modeling.reconnectEnd(flow, made, { x: made.x, y: made.y + made.height / 2 });
    this.modeling.connect(made, target);
    return made;
  }

  /** Shift what is drawn to the right of `x` by `by`; what lies across it grows. */
  makeRoom(x, by) {
    const root = this.canvas.getRootElement();
    const all = this.elementRegistry.filter((one) => one.parent && this.canvas.findRoot(one) === root);
    const { movingShapes, resizingShapes } = this.spaceTool.calculateAdjustments(all, 'x', by, x);
    this.spaceTool.makeSpace(movingShapes, resizingShapes, { x: by, y: 0 }, 'e', x);
  }

  /** Move a new shape down until it covers nothing else. */
  clear(shape) {
    const others = shape.parent.children.filter((one) => one !== shape && !one.waypoints && one.type !== 'label'
      && !is(one, 'bpmn:Lane') && !is(one, 'bpmn:Group'));
    const meets = (one, y) => one.x < shape.x + shape.width + 10 && shape.x < one.x + one.width + 10
      && one.y < y + shape.height + 10 && y < one.y + one.height + 10;
    let { y } = shape;
    for (let hit = true; hit;) {
      hit = others.find((one) => meets(one, y));
      if (hit) y = hit.y + hit.height + 20;
    }
    if (y !== shape.y) this.modeling.moveElements([shape], { x: 0, y: y - shape.y });
    return shape;
  }

  /** Put an event on the edge of an activity, where there is room. */
  attach(host, attributes) {
    const taken = host.attachers?.length ?? 0;
    const at = { x: host.x + Math.max(host.width - 25 - 42 * taken, 18), y: host.y + host.height };
    return this.together(() =>
      this.modeling.createShape(this.shape(attributes), at, host, { attach: true }));
  }

  /** Free ground at the right of the drawing: in what, and its upper left corner. */
  #ground(pool) {
    const root = this.canvas.getRootElement();
    const parent = is(root, 'bpmn:Collaboration') ? pool ?? root : root;
    const inner = parent.children.filter((one) => !one.waypoints && one.type !== 'label' && !is(one, 'bpmn:Lane'));
    return {
      parent,
      x: (inner.length ? Math.max(...inner.map((one) => one.x + one.width)) : (parent.x ?? 100) + 60) + 50,
      y: inner.length ? Math.min(...inner.map((one) => one.y)) : (parent.y ?? 60) + 60,
    };
  }

  #pool() { return this.elementRegistry.find((one) => is(one, 'bpmn:Participant') && one.businessObject.processRef); }

  /** Put a shape on free ground at the right of the drawing. */
  place(attributes) {
    return this.together(() => {
      const { parent, x, y } = this.#ground(is(attributes, 'bpmn:Participant') ? undefined : this.#pool());
      const shape = this.shape(attributes);
      const made = this.modeling.createShape(shape, { x: x + shape.width / 2, y: y + shape.height / 2 }, parent);
      return is(made, 'bpmn:SubProcess') ? this.#begun(made) : made;
    });
  }

  copy(elements) { this.copyPaste.copy(elements); }

  /** Put what was copied on free ground at the right of the drawing; the shapes, none if nothing was copied. */
  paste() {
    const copied = (this.clipboard.get()?.[0] ?? []).filter((one) => one.width !== undefined);
    if (!copied.length) return [];
    const { parent, x, y } = this.#ground(this.#pool());
    const width = Math.max(...copied.map((one) => one.x + one.width)) - Math.min(...copied.map((one) => one.x));
    const height = Math.max(...copied.map((one) => one.y + one.height)) - Math.min(...copied.map((one) => one.y));
    return this.copyPaste.paste({ element: parent, point: { x: x + width / 2, y: y + height / 2 } })
      .filter((one) => !one.waypoints && one.type !== 'label');
  }

  /** Change the order in which the ways out of a gateway are tried. */
  reorder(element, flow, by) {
    const scope = flow.$parent;
    const ways = waysOut(flow.sourceRef);
    const other = ways[ways.indexOf(flow) + by];
    if (!other) return;
    const flowElements = [...scope.get('flowElements')];
    const [here, there] = [flowElements.indexOf(flow), flowElements.indexOf(other)];
    [flowElements[here], flowElements[there]] = [other, flow];
    this.setWithin(element, scope, { flowElements });
  }
}
