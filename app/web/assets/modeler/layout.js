// A drawing for files that have none: columns along the flows, a row for each branch. It is made
// once, when such a file is opened; from then on people move things as they like.
import { is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { waysOut } from './scope.js';

const GAP = { x: 60, y: 40 };
const EDGE = 40; // between a sub-process or lane and what it holds
const HEAD = 30; // of a pool, where its name stands
const SIZES = [
  ['bpmn:Event', 36, 36], ['bpmn:Gateway', 50, 50], ['bpmn:DataObjectReference', 36, 50],
  ['bpmn:DataStoreReference', 50, 50], ['bpmn:TextAnnotation', 100, 50], ['bpmn:Activity', 100, 80],
];

const nodesOf = (scope) => (scope.get('flowElements') ?? []).filter((one) => is(one, 'bpmn:FlowNode')
  || isAny(one, ['bpmn:DataObjectReference', 'bpmn:DataStoreReference']));

/** Give `definitions` a drawing if it holds none. Tells whether it did. */
export function drawIfBare(definitions, moddle) {
  const drawn = (definitions.get('diagrams') ?? []).some((one) => one.plane?.bpmnElement);
  const processes = definitions.get('rootElements').filter((one) => is(one, 'bpmn:Process'));
  if (drawn || !processes.length) return false;
  const collaboration = definitions.get('rootElements').find((one) => is(one, 'bpmn:Collaboration'));
  const pools = collaboration?.get('participants').filter((one) => one.processRef) ?? [];
  const root = pools.length ? collaboration : processes[0];
  const drawing = new Drawing(moddle);
  let y = 80;
  for (const one of pools.length ? pools : [processes[0]]) {
    const pool = pools.length ? one : undefined;
    const size = drawing.scope(pool ? one.processRef : one, 160 + (pool ? HEAD : 0), y, pool);
    y += size.height + GAP.y;
  }
  for (const flow of collaboration?.get('messageFlows') ?? []) drawing.edge(flow, flow.sourceRef, flow.targetRef);
  const plane = moddle.create('bpmndi:BPMNPlane', { id: 'plane_1', bpmnElement: root, planeElement: drawing.elements });
  for (const one of drawing.elements) one.$parent = plane;
  const diagram = moddle.create('bpmndi:BPMNDiagram', { id: 'diagram_1', plane });
  plane.$parent = diagram;
  diagram.$parent = definitions;
  definitions.get('diagrams').splice(0, Infinity, diagram);
  return true;
}

class Drawing {
  constructor(moddle) {
    this.moddle = moddle;
    this.elements = [];
    this.boxes = new Map();
  }

  shape(owner, box, more = {}) {
    this.boxes.set(owner, box);
    const bounds = this.moddle.create('dc:Bounds', box);
    const made = this.moddle.create('bpmndi:BPMNShape', { id: `${owner.id}_shape`, bpmnElement: owner, bounds, ...more });
    bounds.$parent = made;
    this.elements.push(made);
    return made;
  }

  edge(owner, source, target) {
    const [from, to] = [this.boxes.get(source), this.boxes.get(target)];
    if (!from || !to) return;
    const points = route(from, to, Boolean(source.attachedToRef) || is(source, 'bpmn:Gateway'));
    const waypoint = points.map(([x, y]) => this.moddle.create('dc:Point', { x, y }));
    const made = this.moddle.create('bpmndi:BPMNEdge', { id: `${owner.id}_edge`, bpmnElement: owner, waypoint });
    for (const one of waypoint) one.$parent = made;
    this.elements.push(made);
  }

  /** Draw everything in a process or sub-process with its corner at x, y; gives its size. */
  scope(scope, x, y, pool) {
    const nodes = nodesOf(scope).filter((one) => !one.attachedToRef);
    const sizes = new Map(nodes.map((one) => [one, this.sizeOf(one)]));
    const cells = placed(scope, nodes, lanesOf(scope));
    const [widths, heights] = [[], []];
    for (const [node, [column, row]] of cells) {
      widths[column] = Math.max(widths[column] ?? 0, sizes.get(node).width);
      heights[row] = Math.max(heights[row] ?? 0, sizes.get(node).height);
    }
    const before = (list, at, gap) => list.slice(0, at).reduce((sum, one) => sum + (one ?? 0) + gap, EDGE);
    const size = {
      width: Math.max(160, before(widths, widths.length, GAP.x) - GAP.x + EDGE),
      height: Math.max(120, before(heights, heights.length, GAP.y) - GAP.y + EDGE),
    };
    const frame = scope.get('laneSets')?.length ? HEAD : 0;
    size.width += frame;
    if (pool) this.shape(pool, { x: x - HEAD, y, width: size.width + HEAD, height: size.height }, { isHorizontal: true });
    this.lanes(scope, x, y, size, heights, cells);
    for (const [node, [column, row]] of cells) {
      const { width, height } = sizes.get(node);
      const left = x + frame + before(widths, column, GAP.x) + (widths[column] - width) / 2;
      const top = y + before(heights, row, GAP.y) + (heights[row] - height) / 2;
      const box = { x: Math.round(left), y: Math.round(top), width, height };
      if (is(node, 'bpmn:SubProcess')) {
        this.shape(node, box, { isExpanded: true });
        this.scope(node, box.x, box.y);
      } else this.shape(node, box, is(node, 'bpmn:ExclusiveGateway') ? { isMarkerVisible: true } : {});
      this.edges(scope, node, box);
    }
    for (const one of scope.get('flowElements')) {
      if (is(one, 'bpmn:SequenceFlow')) this.edge(one, one.sourceRef, one.targetRef);
    }
    this.notes(scope, x, y + size.height);
    return size;
  }

  sizeOf(node) {
    if (is(node, 'bpmn:SubProcess')) return new Drawing(this.moddle).scope(node, 0, 0);
    const [, width, height] = SIZES.find(([type]) => is(node, type));
    return { width, height };
  }

  /** The events on the edge of an activity. */
  edges(scope, host, box) {
    nodesOf(scope).filter((one) => one.attachedToRef === host).forEach((event, index) => {
      this.shape(event, { x: Math.round(box.x + box.width - 30 - 42 * index), y: box.y + box.height - 18, width: 36, height: 36 });
    });
  }

  lanes(scope, x, y, size, heights, cells) {
    const lanes = lanesOf(scope);
    let top = y;
    lanes.forEach((lane, index) => {
      const rows = [...cells].filter(([node]) => laneOf(lanes, node) === index).map(([, [, row]]) => row);
      const last = index === lanes.length - 1;
      const bottom = last ? y + size.height
        : y + EDGE + heights.slice(0, Math.max(-1, ...rows) + 1).reduce((sum, one) => sum + (one ?? 0) + GAP.y, 0) - GAP.y / 2;
      this.shape(lane, { x, y: top, width: size.width, height: Math.max(60, Math.round(bottom - top)) }, { isHorizontal: true });
      top = Math.max(top + 60, Math.round(bottom));
    });
  }

  notes(scope, x, y) {
    let left = x;
    for (const note of scope.get('artifacts') ?? []) {
      if (!is(note, 'bpmn:TextAnnotation')) continue;
      this.shape(note, { x: left, y: y + GAP.y, width: 160, height: 50 });
      left += 180;
    }
    for (const note of scope.get('artifacts') ?? []) {
      if (is(note, 'bpmn:Association')) this.edge(note, note.sourceRef, note.targetRef);
    }
  }
}

const lanesOf = (scope) => (scope.get('laneSets') ?? []).flatMap((set) => set.get('lanes') ?? []);
const laneOf = (lanes, node) => lanes.findIndex((lane) => (lane.get('flowNodeRef') ?? []).includes(node));

/** A column and a row for each node: along the flows, branches below each other, lanes apart. */
function placed(scope, nodes, lanes) {
  const columns = new Map();
  const rows = new Map();
  const ways = (node) => [node, ...nodesOf(scope).filter((one) => one.attachedToRef === node)]
    .flatMap(waysOut).map((flow) => flow.targetRef).filter((one) => nodes.includes(one));
  let next = 0;
  const walk = (node, column, row, path) => {
    if (path.has(node)) return;
    if ((columns.get(node) ?? -1) >= column) return;
    columns.set(node, column);
    if (!rows.has(node)) rows.set(node, row);
    path.add(node);
    ways(node).forEach((one, index) => {
      let below = rows.get(node);
      if (index > 0 && !rows.has(one)) below = (next += 1);
      walk(one, column + 1, below, path);
    });
    path.delete(node);
  };
  const reached = new Set(nodesOf(scope).flatMap(waysOut).map((flow) => flow.targetRef));
  for (const node of [...nodes.filter((one) => !reached.has(one)), ...nodes]) {
    if (!columns.has(node)) {
      walk(node, 0, next, new Set());
      next += 1;
    }
  }
  const key = (node) => [Math.max(0, laneOf(lanes, node)), rows.get(node)];
  const order = [...new Set(nodes.map((node) => key(node).join(':')))]
    .sort((one, other) => {
      const [[a, b], [c, d]] = [one.split(':').map(Number), other.split(':').map(Number)];
      return a - c || b - d;
    });
  const taken = new Set();
  return new Map(nodes.map((node) => {
    const row = order.indexOf(key(node).join(':'));
    let column = columns.get(node);
    while (taken.has(`${column}:${row}`)) column += 1;
    taken.add(`${column}:${row}`);
    return [node, [column, row]];
  }));
}

/** The bends of a line between two boxes; `upright`: it leaves at the top or bottom if it can. */
function route(from, to, upright) {
  const [start, end] = [[from.x + from.width, from.y + from.height / 2], [to.x, to.y + to.height / 2]];
  const middle = from.x + from.width / 2;
  if (upright && start[1] !== end[1] && middle < end[0]) {
    return [[middle, from.y + (end[1] > start[1] ? from.height : 0)], [middle, end[1]], end];
  }
  if (start[1] === end[1] && start[0] <= end[0]) return [start, end];
  if (start[0] < end[0]) return [start, [end[0] - 25, start[1]], [end[0] - 25, end[1]], end];
  const below = Math.max(from.y + from.height, to.y + to.height) + 20;
  return [[middle, from.y + from.height], [middle, below],
    [to.x + to.width / 2, below], [to.x + to.width / 2, to.y + to.height]];
}
