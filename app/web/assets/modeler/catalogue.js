// The elements that run (docs/designing.md) and whole steps made of them: what palette, menus and
// outline offer. What is not in here is not offered, because the checker would refuse it.
import { isChinese } from '../language.js';
import { _, say } from './words.js';

const event = (kind) => ({ eventDefinitionType: `bpmn:${kind}EventDefinition` });

/** Kinds of elements. `ends`: nothing comes behind; `begins`: nothing comes before. */
export const KINDS = [
  { id: 'user-task', label: '人工环节', group: 'activity', icon: 'user', type: 'bpmn:UserTask' },
  { id: 'service-task', label: '服务', group: 'activity', icon: 'service', type: 'bpmn:ServiceTask' },
  { id: 'send-task', label: '发送', group: 'activity', icon: 'send', type: 'bpmn:SendTask' },
  { id: 'receive-task', label: '等待消息', group: 'activity', icon: 'receive', type: 'bpmn:ReceiveTask' },
  { id: 'rule-task', label: '决策', group: 'activity', icon: 'business-rule', type: 'bpmn:BusinessRuleTask' },
  { id: 'manual-task', label: '线下环节', group: 'activity', icon: 'manual', type: 'bpmn:ManualTask' },
  { id: 'task', label: '一般环节', group: 'activity', icon: 'task', type: 'bpmn:Task' },
  { id: 'sub-process', label: '子流程', group: 'activity', icon: 'subprocess-expanded', type: 'bpmn:SubProcess', more: { isExpanded: true } },
  { id: 'call-activity', label: '调用流程', group: 'activity', icon: 'call-activity', type: 'bpmn:CallActivity' },

  { id: 'exclusive-gateway', label: '排他网关', group: 'gateway', icon: 'gateway-xor', type: 'bpmn:ExclusiveGateway' },
  { id: 'parallel-gateway', label: '并行网关', group: 'gateway', icon: 'gateway-parallel', type: 'bpmn:ParallelGateway' },
  { id: 'inclusive-gateway', label: '包容网关', group: 'gateway', icon: 'gateway-or', type: 'bpmn:InclusiveGateway' },
  { id: 'event-gateway', label: '事件网关', group: 'gateway', icon: 'gateway-eventbased', type: 'bpmn:EventBasedGateway' },

  { id: 'catch-timer', label: '等到时间', group: 'event', icon: 'intermediate-event-catch-timer', type: 'bpmn:IntermediateCatchEvent', more: event('Timer') },
  { id: 'catch-message', label: '等待消息事件', group: 'event', icon: 'intermediate-event-catch-message', type: 'bpmn:IntermediateCatchEvent', more: event('Message') },
  { id: 'catch-signal', label: '等待信号', group: 'event', icon: 'intermediate-event-catch-signal', type: 'bpmn:IntermediateCatchEvent', more: event('Signal') },
  { id: 'throw-message', label: '发出消息', group: 'event', icon: 'intermediate-event-throw-message', type: 'bpmn:IntermediateThrowEvent', more: event('Message') },
  { id: 'throw-signal', label: '发出信号', group: 'event', icon: 'intermediate-event-throw-signal', type: 'bpmn:IntermediateThrowEvent', more: event('Signal') },
  { id: 'throw-escalation', label: '发出升级', group: 'event', icon: 'intermediate-event-throw-escalation', type: 'bpmn:IntermediateThrowEvent', more: event('Escalation') },
  { id: 'throw', label: '节点事件', group: 'event', icon: 'intermediate-event-none', type: 'bpmn:IntermediateThrowEvent' },

  { id: 'end', label: '结束', group: 'end', icon: 'end-event-none', type: 'bpmn:EndEvent', ends: true },
  { id: 'end-message', label: '消息结束', group: 'end', icon: 'end-event-message', type: 'bpmn:EndEvent', more: event('Message'), ends: true },
  { id: 'end-signal', label: '信号结束', group: 'end', icon: 'end-event-signal', type: 'bpmn:EndEvent', more: event('Signal'), ends: true },
  { id: 'end-error', label: '错误结束', group: 'end', icon: 'end-event-error', type: 'bpmn:EndEvent', more: event('Error'), ends: true },
  { id: 'end-escalation', label: '升级结束', group: 'end', icon: 'end-event-escalation', type: 'bpmn:EndEvent', more: event('Escalation'), ends: true },
  { id: 'end-terminate', label: '终止结束', group: 'end', icon: 'end-event-terminate', type: 'bpmn:EndEvent', more: event('Terminate'), ends: true },

  { id: 'start', label: '开始', group: 'start', icon: 'start-event-none', type: 'bpmn:StartEvent', begins: true },
  { id: 'start-message', label: '消息开始', group: 'start', icon: 'start-event-message', type: 'bpmn:StartEvent', more: event('Message'), begins: true },
  { id: 'start-signal', label: '信号开始', group: 'start', icon: 'start-event-signal', type: 'bpmn:StartEvent', more: event('Signal'), begins: true },

  { id: 'pool', label: '泳池', group: 'drawn', icon: 'participant', type: 'bpmn:Participant', begins: true },
  { id: 'note', label: '注释', group: 'drawn', icon: 'text-annotation', type: 'bpmn:TextAnnotation', ends: true },
  { id: 'group', label: '分组框', group: 'drawn', icon: 'group', type: 'bpmn:Group', begins: true },
  { id: 'data-object', label: '数据对象', group: 'drawn', icon: 'data-object', type: 'bpmn:DataObjectReference', begins: true },
  { id: 'data-store', label: '数据存储', group: 'drawn', icon: 'data-store', type: 'bpmn:DataStoreReference', begins: true },
];

/** Events on the edge of an activity. */
export const BOUNDARIES = [
  { id: 'boundary-timer-non', label: '到时提醒（不打断）', icon: 'intermediate-event-catch-non-interrupting-timer', kind: 'Timer', non: true },
  { id: 'boundary-timer', label: '到时打断', icon: 'intermediate-event-catch-timer', kind: 'Timer' },
  { id: 'boundary-message-non', label: '收到消息（不打断）', icon: 'intermediate-event-catch-non-interrupting-message', kind: 'Message', non: true },
  { id: 'boundary-message', label: '收到消息即打断', icon: 'intermediate-event-catch-message', kind: 'Message' },
  { id: 'boundary-signal-non', label: '收到信号（不打断）', icon: 'intermediate-event-catch-non-interrupting-signal', kind: 'Signal', non: true },
  { id: 'boundary-signal', label: '收到信号即打断', icon: 'intermediate-event-catch-signal', kind: 'Signal' },
  { id: 'boundary-error', label: '出错', icon: 'intermediate-event-catch-error', kind: 'Error', inner: true },
  { id: 'boundary-escalation-non', label: '升级（不打断）', icon: 'intermediate-event-catch-non-interrupting-escalation', kind: 'Escalation', non: true, inner: true },
  { id: 'boundary-escalation', label: '升级即打断', icon: 'intermediate-event-catch-escalation', kind: 'Escalation', inner: true },
].map((one) => ({
  ...one, group: 'boundary', type: 'bpmn:BoundaryEvent', more: { ...event(one.kind), cancelActivity: !one.non },
}));

/** Colours for what a designer wants to tell apart; names stay readable on each. */
export const COLOURS = [
  { id: 'none', label: '默认颜色' },
  { id: 'blue', label: '蓝色', fill: '#bbdefb', stroke: '#0d4372' },
  { id: 'green', label: '绿色', fill: '#c8e6c9', stroke: '#205022' },
  { id: 'orange', label: '橙色', fill: '#ffe0b2', stroke: '#6b3c00' },
  { id: 'red', label: '红色', fill: '#ffcdd2', stroke: '#831311' },
  { id: 'purple', label: '紫色', fill: '#e1bee7', stroke: '#5b176d' },
];

/** Headings of the groups, in the order in which menus show them. */
export const GROUPS = {
  template: '整套环节', activity: '环节', gateway: '网关', event: '事件', end: '结束', boundary: '附在本环节边上',
  start: '开始', service: '已登记的服务', decision: '决策表', process: '可调用的流程', drawn: '说明与图示',
};

/** The attributes from which a shape of a kind is made. */
export const attributes = (kind) => ({ type: kind.type, ...kind.more });

const byId = Object.fromEntries([...KINDS, ...BOUNDARIES].map((one) => [one.id, one]));
const made = (id) => attributes(byId[id]);

const FORM = { fields: [{ name: 'remark', type: 'long_text', label: '办理意见', label_en: 'Remark', required: 'true', max_length: '1000' }] };
const LIMITED = { clock: '"handling"', stage: '"handling"' };

/** Give a shape its names and our extension elements. */
function fill(editing, shape, name, en, extensions = {}) {
  editing.rename(shape, name);
  const owner = shape.businessObject;
  if (en) editing.setExtension(shape, owner, 'jieban:Name', { en });
  for (const [type, properties] of Object.entries(extensions)) {
    editing.setExtension(shape, owner, `jieban:${type}`, properties);
  }
  return shape;
}

function form(editing) {
  return { fields: FORM.fields.map((one) => editing.moddle.create('jieban:Field', one)) };
}

function service(editing, name, parameters = {}) {
  const given = Object.entries(parameters).map(([key, value]) => ({ name: key, value }));
  return { Service: { name, parameters: editing.many('jieban:Parameter', given) } };
}

function timer(editing, shape, text) {
  const [definition] = shape.businessObject.get('eventDefinitions');
  editing.setWithin(shape, definition, { timeDate: editing.expression(text, definition) });
}

/** Remind the unit when a rung of a clock is reached. */
function reminder(editing, host, name, en, rung, message) {
  const bell = fill(editing, editing.attach(host, made('boundary-timer-non')), name, en);
  timer(editing, bell, `clock(${LIMITED.clock}, "${rung}")`);
  const tell = fill(editing, editing.append(bell, made('send-task')), `提醒：${name}`, `Remind: ${en}`,
    service(editing, 'notify_unit', { message: `"${message}"` }));
  editing.append(tell, made('end'));
}

/** Whole steps: `add(editing, source)` draws one behind `source` and gives its main shape. */
export const TEMPLATES = [
  {
    id: 'template-form', label: '人工环节 + 表单', icon: 'user',
    add: (editing, source) => fill(editing, editing.append(source, made('user-task')), '办理', 'Handle',
      { Form: form(editing) }),
  },
  {
    id: 'template-limit', label: '限时环节：计时、黄灯、红灯提醒', icon: 'intermediate-event-catch-timer',
    add(editing, source) {
      const start = fill(editing, editing.append(source, made('service-task')), '起算时限', 'Start the clock',
        service(editing, 'start_clock', LIMITED));
      const step = fill(editing, editing.append(start, made('user-task')), '办理', 'Handle', { Form: form(editing) });
      fill(editing, editing.append(step, made('service-task')), '停止计时', 'Stop the clock',
        service(editing, 'stop_clock', { clock: LIMITED.clock }));
      reminder(editing, step, '黄灯', 'Yellow', 'yellow', 'yellow');
      reminder(editing, step, '红灯', 'Red', 'red', 'overdue_1');
      return step;
    },
  },
  {
    id: 'template-decision', label: '决策后分路', icon: 'business-rule',
    add(editing, source) {
      const rule = fill(editing, editing.append(source, made('rule-task')), '判定', 'Decide');
      fill(editing, editing.append(rule, made('exclusive-gateway')), '结果？', 'Outcome?');
      return rule;
    },
  },
];

/** Registered services, tables and processes as things to append, named as they are known. */
export function known(names) {
  // The server names things in the reader's language; a shape bears it as the name of that language.
  const named = (editing, shape, label, extensions) => fill(editing, shape, isChinese ? label : '', isChinese ? '' : label, extensions);
  const entry = (group, icon, key, label, make) => ({ id: `${group}-${key}`, label: say(label) || key, group, icon, hint: key, add: make });
  return [
    ...(names.services ?? []).map((one) => entry('service', 'service', one.name, one.label, (editing, source) =>
      named(editing, editing.append(source, made('service-task')), say(one.label),
        service(editing, one.name, Object.fromEntries(one.parameters.filter((p) => p.required).map((p) => [p.name, ''])))))),
    ...(names.decisions ?? []).map((one) => entry('decision', 'business-rule', one.key, one.label, (editing, source) =>
      named(editing, editing.append(source, made('rule-task')), say(one.label),
        { Decision: { key: one.key, binding: 'case', result: one.key } }))),
    ...(names.processes ?? []).map((one) => entry('process', 'call-activity', one.key, one.label, (editing, source) => {
      const shape = named(editing, editing.append(source, made('call-activity')), say(one.label));
      editing.set(shape, { calledElement: one.key });
      return shape;
    })),
  ];
}

/** What can be put behind `source`: [{id, label, group, icon, hint, add(editing, source)}]. */
export function appendable(source, names) {
  const activity = /Task$|SubProcess$|CallActivity$/.test(source.type);
  const waits = source.type === 'bpmn:EventBasedGateway';
  const kinds = KINDS.filter((one) => !one.begins
    && (!waits || one.id.startsWith('catch-') || one.id === 'receive-task' || one.id === 'note'));
  const simple = kinds.map((one) => ({
    ...one, label: _(one.label), add: (editing, from) => editing.append(from, attributes(one)),
  }));
  if (waits) return simple;
  const inner = /SubProcess$|CallActivity$/.test(source.type);
  const edges = activity
    ? BOUNDARIES.filter((one) => !one.inner || inner || (one.kind === 'Error' && source.type !== 'bpmn:UserTask')).map((one) => ({
      ...one, label: _(one.label), add: (editing, host) => editing.attach(host, attributes(one)),
    }))
    : [];
  const templates = TEMPLATES.map((one) => ({
    ...one, label: _(one.label), group: 'template',
    add: (editing, from) => editing.together(() => one.add(editing, from)),
  }));
  const named = known(names).map((one) => ({
    ...one, add: (editing, from) => editing.together(() => one.add(editing, from)),
  }));
  return [...templates, ...simple, ...edges, ...named];
}

/** What can be put anywhere. */
export const placeable = () => KINDS.map((one) => ({ ...one, label: _(one.label) }));

const OFFERED = new Set([...KINDS, ...BOUNDARIES].map((one) => `${one.type} ${one.more?.eventDefinitionType ?? ''}`));

/** Whether a change of type leads to something that runs. */
export function runs(target) {
  if (!target) return true;
  if (target.triggeredByEvent || target.isForCompensation) return false;
  if (target.type === 'bpmn:EventBasedGateway') {
    return !target.instantiate && target.eventGatewayType !== 'Parallel';
  }
  return OFFERED.has(`${target.type} ${target.eventDefinitionType ?? ''}`);
}
