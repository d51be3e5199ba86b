// The diagram as a list: everything that can be drawn can be done here with the keyboard alone.
import { html, useEffect, useRef } from '@bpmn-io/diagram-js-ui';
import { is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { BOUNDARIES, KINDS } from './catalogue.js';
import { waysOut } from './scope.js';
import { english } from '../labels.js';
import { isChinese } from '../language.js';
import { _, introduced } from './words.js';

const OTHERS = {
  'bpmn:Participant': '泳池', 'bpmn:Lane': '泳道', 'bpmn:Process': '流程', 'bpmn:Collaboration': '协作图',
  'bpmn:SequenceFlow': '顺序流', 'bpmn:MessageFlow': '消息流', 'bpmn:Association': '关联线', 'bpmn:Label': '名称',
  'bpmn:DataInputAssociation': '数据关联', 'bpmn:DataOutputAssociation': '数据关联',
};

/** What an element is, in words. */
export function kindName(owner) {
  const definition = is(owner, 'bpmn:Event') ? owner.get('eventDefinitions')[0]?.$type : undefined;
  const kinds = [...KINDS, ...BOUNDARIES].filter((one) => one.type === owner.$type && one.more?.eventDefinitionType === definition);
  const kind = kinds.find((one) => !is(owner, 'bpmn:BoundaryEvent') || one.more.cancelActivity === (owner.cancelActivity !== false)) ?? kinds[0];
  return _(kind?.label ?? OTHERS[owner.$type] ?? owner.$type.replace('bpmn:', ''));
}

/** What an element is called in the reader's language. */
export function title(owner) {
  const name = (!isChinese && english(owner)) || owner.name || owner.text || owner.categoryValueRef?.value;
  return name ? name.replace(/\s+/g, ' ') : '';
}

/** What a flow leads to, in words. */
const leads = (flow) => title(flow.targetRef) || kindName(flow.targetRef);

/** The elements of a scope in walking order: along the flows, then what no flow reaches. */
function walked(scope) {
  const nodes = (scope.get('flowElements') ?? []).filter((one) => is(one, 'bpmn:FlowNode'));
  const seen = new Set();
  const order = [];
  const walk = (from) => {
    const stack = [from];
    while (stack.length) {
      const one = stack.pop();
      if (!one || seen.has(one) || one.$parent !== scope) continue;
      seen.add(one);
      order.push(one);
      stack.push(...waysOut(one).reverse().map((flow) => flow.targetRef));
      for (const edge of nodes.filter((node) => node.attachedToRef === one).reverse()) stack.push(edge);
    }
  };
  nodes.filter((one) => is(one, 'bpmn:StartEvent')).forEach(walk);
  const reached = new Set(nodes.flatMap(waysOut).map((flow) => flow.targetRef));
  nodes.filter((one) => !one.attachedToRef && !reached.has(one)).forEach(walk);
  nodes.forEach(walk);
  return order;
}

/** The rows of the list: {owner, level}. */
export function rows(definitions) {
  const found = [];
  const scope = (one, level) => {
    for (const node of walked(one)) {
      found.push({ owner: node, level: level + (is(node, 'bpmn:BoundaryEvent') ? 1 : 0) });
      for (const flow of waysOut(node)) found.push({ owner: flow, level: level + 1 });
      if (is(node, 'bpmn:SubProcess')) scope(node, level + 1);
    }
    for (const note of [...(one.get('artifacts') ?? [])]) {
      if (isAny(note, ['bpmn:TextAnnotation', 'bpmn:Group'])) found.push({ owner: note, level });
    }
  };
  const lanes = (set, level) => set?.get('lanes').forEach((lane) => {
    found.push({ owner: lane, level });
    lanes(lane.childLaneSet, level + 1);
  });
  const roots = definitions.get('rootElements');
  const pools = roots.filter((one) => is(one, 'bpmn:Collaboration')).flatMap((one) => one.get('participants'));
  for (const process of roots.filter((one) => is(one, 'bpmn:Process'))) {
    const pool = pools.find((one) => one.processRef === process);
    found.push({ owner: pool ?? process, level: 1 });
    process.get('laneSets').forEach((set) => lanes(set, 2));
    scope(process, 2);
  }
  for (const pool of pools.filter((one) => !one.processRef)) found.push({ owner: pool, level: 1 });
  return found;
}

export function Outline({ editor }) {
  const all = rows(editor.editing.definitions);
  const selected = editor.selected[0]?.labelTarget ?? editor.selected[0];
  const chosen = selected?.businessObject?.id;
  const here = all.some((row) => row.owner.id === chosen) ? chosen : all[0]?.owner.id;
  const tree = useRef(null);
  useEffect(() => tree.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }), [chosen]);
  const go = (index) => {
    const row = all[Math.max(0, Math.min(all.length - 1, index))];
    editor.select(row.owner.id);
    editor.focusOutline(row.owner.id);
  };
  const keys = (event) => {
    const index = all.findIndex((row) => row.owner.id === event.target.dataset.id);
    const element = editor.element(event.target.dataset.id);
    const act = {
      ArrowDown: () => go(index + 1),
      ArrowUp: () => go(index - 1),
      Home: () => go(0),
      End: () => go(all.length - 1),
      Enter: () => { editor.select(all[index].owner.id); editor.focusPanel(); },
      F2: () => { editor.select(all[index].owner.id); editor.focusPanel(isChinese ? 'name' : 'name-en'); },
      Delete: () => element && editor.remove(element),
      a: () => element && editor.append(element),
      c: () => element && editor.connect(element),
      t: () => element && editor.changeType(element),
    }[event.key];
    if (element && (event.ctrlKey || event.metaKey) && event.key === 'c') editor.select(element.id); // what is copied is this row
    if (!act || event.ctrlKey || event.metaKey || event.altKey || index < 0) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  const wrong = new Set(editor.findings.filter((one) => one.severity === 'error').map((one) => one.element));
  return html`<div class="outline-list" role="tree" aria-label=${_('大纲')} ref=${tree} onKeyDown=${keys}>
    ${all.map(({ owner, level }) => {
      const flow = is(owner, 'bpmn:SequenceFlow');
      const name = flow
        ? `→ ${title(owner) ? introduced(title(owner), leads(owner)) : leads(owner)}`
        : title(owner) || kindName(owner);
      return html`<div key=${owner.id} role="treeitem" data-id=${owner.id} aria-level=${level} aria-selected=${owner.id === chosen}
        tabindex=${owner.id === here ? 0 : -1} class="level-${Math.min(level, 6)} ${flow ? 'is-flow' : ''}"
        onClick=${() => editor.select(owner.id)}>${wrong.has(owner.id) && html`<span class="bad" aria-label=${_('有错误')}>✕ </span>`}${name}${!flow && title(owner) && html` <span class="kind">${kindName(owner)}</span>`}</div>`;
    })}
  </div>`;
}

/** What can be done with the selected element, as buttons. */
export function Actions({ editor }) {
  const element = editor.selected[0]?.labelTarget ?? editor.selected[0];
  const node = element && is(element, 'bpmn:FlowNode');
  const button = (name, label, key, act, on) => html`<button type="button" class="button small" name=${name} disabled=${!on} title=${key ? `${label} (${key})` : label} onClick=${act}>${label}</button>`;
  return html`<div class="outline-actions" role="toolbar" aria-label=${_('对所选元素')}>
    ${button('append', node ? _('追加') : _('添加'), 'A', () => (node ? editor.append(element) : editor.place()), true)}
    ${button('connect', _('连线'), 'C', () => editor.connect(element), node && !is(element, 'bpmn:EndEvent'))}
    ${button('type', _('改类型'), 'T', () => editor.changeType(element), element && editor.types(element).length)}
    ${button('delete', _('删除'), 'Delete', () => editor.remove(element), element?.parent)}
  </div>`;
}
