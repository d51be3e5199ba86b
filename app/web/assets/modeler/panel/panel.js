// The properties of what is selected: only what runs, in the words of the office.
import { html } from '@bpmn-io/diagram-js-ui';
import { getBusinessObject, is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { english } from '../../labels.js';
import { isChinese } from '../../language.js';
import { nameInEnglish } from '../english_names.js';
import { kindName } from '../outline.js';
import { waysOut } from '../scope.js';
import { _, called, list, say } from '../words.js';
import { Button, Choice, Feel, Section, Text, Tick } from './fields.js';
import { Form } from './form.js';
import { Repetition } from './repetition.js';
import { Timer } from './times.js';

const PEOPLE = ['bpmn:UserTask', 'bpmn:ManualTask'];
const DEFINED = {
  'bpmn:MessageEventDefinition': ['messageRef', 'bpmn:Message', '消息'],
  'bpmn:SignalEventDefinition': ['signalRef', 'bpmn:Signal', '信号'],
  'bpmn:ErrorEventDefinition': ['errorRef', 'bpmn:Error', '错误'],
  'bpmn:EscalationEventDefinition': ['escalationRef', 'bpmn:Escalation', '升级'],
};

export function Panel({ editor }) {
  const [element, ...more] = editor.selected;
  if (more.length) return html`<p class="muted">${_('已选 {number} 个元素：可一起移动、上色、对齐或删除。', { number: more.length + 1 })}</p>`;
  const target = element?.labelTarget ?? element ?? editor.whole();
  const owner = getBusinessObject(target);
  const found = editor.findings.filter((one) => one.element === owner.id);
  return html`<div key=${owner.id}>
    <h2 class="panel-head">${kindName(owner)}</h2>
    ${found.length > 0 && html`<ul class="panel-findings">${found.map((one) => html`<li class=${one.severity}>${one.text}</li>`)}</ul>`}
    <${General} editor=${editor} element=${target} owner=${owner} />
    ${sections(owner).map((Part) => html`<${Part} key=${Part.name} editor=${editor} element=${target} owner=${owner} />`)}
    <${About} editor=${editor} element=${target} owner=${owner} />
  </div>`;
}

/** Which parts an element has. */
function sections(owner) {
  const definition = owner.get && isAny(owner, ['bpmn:Event']) ? owner.get('eventDefinitions')[0] : undefined;
  const waits = is(owner, 'bpmn:CatchEvent') && definition && is(definition, 'bpmn:MessageEventDefinition');
  const person = isAny(owner, PEOPLE) || owner.$type === 'bpmn:Task';
  return [
    isAny(owner, ['bpmn:ServiceTask', 'bpmn:SendTask']) && Service,
    is(owner, 'bpmn:BusinessRuleTask') && Decision,
    is(owner, 'bpmn:CallActivity') && Called,
    definition && is(definition, 'bpmn:TimerEventDefinition') && TimerOf,
    ((definition && DEFINED[definition.$type]) || isAny(owner, ['bpmn:ReceiveTask'])) && Named,
    is(owner, 'bpmn:SequenceFlow') && Flow,
    isAny(owner, ['bpmn:ExclusiveGateway', 'bpmn:InclusiveGateway']) && Ways,
    (person || waits || isAny(owner, ['bpmn:Lane', 'bpmn:ReceiveTask'])) && Role,
    (person || waits || is(owner, 'bpmn:ReceiveTask')) && Form,
    is(owner, 'bpmn:Activity') && Repetition,
  ].filter(Boolean);
}

function General({ editor, element, owner }) {
  const { editing } = editor;
  if (is(owner, 'bpmn:TextAnnotation')) {
    return html`<${Text} name="text" label=${_('文字')} long value=${owner.text} onCommit=${(text) => editing.rename(element, text)} />`;
  }
  if (is(owner, 'bpmn:Group')) {
    return html`<${Text} name="name" label=${_('名称')} value=${owner.categoryValueRef?.value} onCommit=${(name) => editing.rename(element, name)} />`;
  }
  const process = is(owner, 'bpmn:Participant') ? owner.processRef : is(owner, 'bpmn:Process') ? owner : undefined;
  return html`
    ${!is(owner, 'bpmn:Collaboration') && html`
      <${Names} editor=${editor} element=${element} owner=${owner} />`}
    ${process && html`<${Process} editor=${editor} element=${element} process=${process} pool=${process !== owner} />`}
    ${is(owner, 'bpmn:BoundaryEvent') && !owner.get('eventDefinitions').some((one) => is(one, 'bpmn:ErrorEventDefinition'))
      && html`<${Tick} name="interrupting" label=${_('打断所附的环节')} value=${owner.cancelActivity !== false}
        onCommit=${(on) => editing.set(element, { cancelActivity: on })} />`}`;
}

/** Both names; first the one that the reader sees on the canvas. */
function Names({ editor, element, owner }) {
  const chinese = html`<${Text} key="name" name="name" label=${isChinese ? _('名称') : _('中文名称')} value=${owner.name}
    onCommit=${(name) => editor.editing.rename(element, name)} />`;
  const inEnglish = html`<${English} key="name-en" editor=${editor} element=${element} owner=${owner} />`;
  return isChinese ? [chinese, inEnglish] : [inEnglish, chinese];
}

function English({ editor, element, owner }) {
  return html`<${Text} name="name-en" label=${_('英文名称')} value=${english(owner)}
    onCommit=${(en) => nameInEnglish(editor.editing, element, owner, en)} />`;
}

function Process({ editor, element, process, pool }) {
  const set = (properties) => editor.editing.setWithin(element, process, properties);
  return html`${pool && html`
      <${Text} name="process-name" label=${_('流程名称')} value=${process.name} onCommit=${(name) => set({ name: name || undefined })} />
      <${English} editor=${editor} element=${element} owner=${process} />
      <${Text} name="process-id" label=${_('流程编号')} value=${process.id} onCommit=${(id) => editor.setId(element, process, id)} />`}
    <${Tick} name="executable" label=${_('由系统执行')} value=${process.isExecutable} onCommit=${(on) => set({ isExecutable: on })} />`;
}

function Role({ editor, element, owner }) {
  const { editing } = editor;
  const { name: role = '', unit = '' } = editing.extension(owner, 'jieban:Role') ?? {};
  const lane = is(owner, 'bpmn:FlowNode') ? laneRole(editing, owner) : {};
  const units = editor.names.units ?? [];
  const roleName = (name) => say(editor.names.roles?.find((one) => one.name === name)?.label) || name;
  const unitName = (code) => say(units.find((one) => one.code === code)?.label) || code;
  const inLane = [lane.unit && unitName(lane.unit), lane.name && roleName(lane.name)].filter(Boolean).join(' ');
  const write = (next) => editing.setExtension(element, owner, 'jieban:Role', next);
  return html`<${Section} title=${_('由谁办理')}>
    <${Choice} name="role" label=${_('角色')} value=${role}
      options=${[{ value: '', label: inLane ? _('按泳道：{role}', { role: inLane }) : _('不指定') },
        ...(editor.names.roles ?? []).map((one) => ({ value: one.name, label: called(one.label, one.name) }))]}
      onCommit=${(name) => write(name ? { name, ...(unit ? { unit } : {}) } : null)} />
    ${role && html`<${Choice} name="unit" label=${_('单位')} value=${unit}
      options=${[{ value: '', label: _('不指定（单位角色即工单的承办单位）') }, ...units.map((one) => ({ value: one.code, label: called(one.label, one.code) }))]}
      help=${_('指定单位后，只有该单位担任此角色的人员能看到并办理，提醒也发给该单位。')}
      onCommit=${(code) => write({ name: role, ...(code ? { unit: code } : {}) })} />`}
  <//>`;
}

/** What the innermost lane that holds a node, and says something, says of whose it is. */
function laneRole(editing, node) {
  let role = {};
  const look = (set) => set?.get('lanes').forEach((lane) => {
    if ((lane.get('flowNodeRef') ?? []).includes(node)) {
      role = editing.extension(lane, 'jieban:Role') ?? role;
      look(lane.childLaneSet);
    }
  });
  (node.$parent?.get?.('laneSets') ?? []).forEach(look);
  return role;
}

function Service({ editor, element, owner }) {
  const { editing } = editor;
  const service = editing.extension(owner, 'jieban:Service');
  const declared = editor.names.services?.find((one) => one.name === service?.name);
  const parameters = (service?.get('parameters') ?? []).map(({ name, value }) => ({ name, value }));
  const results = (service?.get('results') ?? []).map(({ name, into }) => ({ name, into }));
  const write = (next) => editing.setExtension(element, owner, 'jieban:Service', next.name ? {
    name: next.name,
    parameters: editing.many('jieban:Parameter', next.parameters ?? parameters),
    results: editing.many('jieban:Result', next.results ?? results),
  } : null);
  const choose = (name) => {
    const wanted = editor.names.services?.find((one) => one.name === name);
    write({
      name,
      parameters: (wanted?.parameters ?? []).filter((one) => one.required)
        .map((one) => ({ name: one.name, value: parameters.find((old) => old.name === one.name)?.value ?? '' })),
      results: results.filter((one) => wanted?.results?.includes(one.name)),
    });
  };
  const rows = [...new Set([...(declared?.parameters ?? []).map((one) => one.name), ...parameters.map((one) => one.name)])];
  const give = (name, value) => write({
    name: service.name,
    parameters: rows.map((one) => ({ name: one, value: one === name ? value : parameters.find((old) => old.name === one)?.value }))
      .filter((one) => one.value !== undefined && (one.value !== '' || parameters.some((old) => old.name === one.name))),
  });
  const keep = (name, on, into) => write({
    name: service.name,
    results: on ? [...results.filter((one) => one.name !== name), { name, into: into || undefined }]
      : results.filter((one) => one.name !== name),
  });
  return html`<${Section} title=${_('服务')}>
    <${Choice} name="service" label=${_('调用哪个服务')} value=${service?.name ?? ''} onCommit=${choose}
      must=${is(owner, 'bpmn:ServiceTask')}
      options=${[{ value: '', label: is(owner, 'bpmn:SendTask') ? _('不调用服务') : _('请选择') },
        ...(editor.names.services ?? []).map((one) => ({ value: one.name, label: called(one.label, one.name) }))]} />
    ${service && rows.map((name) => {
      const about = declared?.parameters.find((one) => one.name === name);
      return html`<${Feel} key=${name} name="parameter-${name}" editor=${editor} must=${about?.required}
        label=${about ? name : _('{name}（服务没有这个参数）', { name })}
        value=${parameters.find((one) => one.name === name)?.value}
        help=${about?.type === 'str' && !parameters.some((one) => one.name === name && one.value) ? _('表达式；固定文字请加英文引号，如 "handling"。') : undefined}
        onCommit=${(value) => give(name, value)} />`;
    })}
    ${service && (declared?.results?.length > 0 || results.length > 0) && html`<fieldset><legend>${_('留下的结果')}</legend>
      ${[...new Set([...(declared?.results ?? []), ...results.map((one) => one.name)])].map((name) => {
        const kept = results.find((one) => one.name === name);
        return html`<div key=${name}>
          <${Tick} name="result-${name}" label=${name} value=${Boolean(kept)} onCommit=${(on) => keep(name, on)} />
          ${kept && html`<${Text} name="into-${name}" label=${_('存为')} value=${kept.into ?? ''} placeholder=${name} onCommit=${(into) => keep(name, true, into)} />`}
        </div>`;
      })}</fieldset>`}
  <//>
  ${is(owner, 'bpmn:SendTask') && html`<${Named} editor=${editor} element=${element} owner=${owner} />`}`;
}

function Decision({ editor, element, owner }) {
  const { editing } = editor;
  const decision = editing.extension(owner, 'jieban:Decision');
  const now = { key: decision?.key ?? '', binding: decision?.binding ?? 'case', result: decision?.result };
  const write = (part) => {
    const next = { ...now, ...part };
    editing.setExtension(element, owner, 'jieban:Decision', next.key
      ? { key: next.key, binding: next.binding, ...(next.result ? { result: next.result } : {}) } : null);
  };
  const table = editor.names.decisions?.find((one) => one.key === now.key);
  const columns = (all) => list(all.map((one) => say(one.label) || one.name || one)) || '—';
  return html`<${Section} title=${_('决策')}>
    <${Choice} name="decision" label=${_('决策表')} value=${now.key} must onCommit=${(key) => write({ key })}
      options=${[{ value: '', label: _('请选择') }, ...(editor.names.decisions ?? []).map((one) => ({ value: one.key, label: called(one.label, one.key) }))]} />
    <${Choice} name="binding" label=${_('用哪个版本')} value=${now.binding} onCommit=${(binding) => write({ binding })}
      options=${[{ value: 'case', label: _('案件开始时的版本') }, { value: 'current', label: _('当时最新的版本') }]} />
    <${Text} name="decision-result" label=${_('结果存为')} value=${now.result ?? ''} onCommit=${(result) => write({ result })}
      help=${_('不填：各输出按自己的名称存入流程数据。')} />
    ${table && html`<p class="help">${_('输入：{names}', { names: columns(table.inputs ?? []) })}<br />${_('输出：{names}', { names: columns(table.outputs ?? []) })}</p>`}
  <//>`;
}

function Called({ editor, element, owner }) {
  return html`<${Section} title=${_('调用的流程')}>
    <${Choice} name="called" label=${_('流程')} value=${owner.calledElement ?? ''} must
      onCommit=${(key) => editor.editing.set(element, { calledElement: key || undefined })}
      options=${[{ value: '', label: _('请选择') }, ...(editor.names.processes ?? []).map((one) => ({ value: one.key, label: called(one.label, one.key) }))]}
      help=${_('被调用的流程得到全部流程数据，结束时全部交回。')} />
  <//>`;
}

function TimerOf({ editor, element, owner }) {
  const problems = editor.findings.filter((one) => one.element === owner.id && one.code === 'expression').map((one) => one.text);
  return html`<${Timer} editor=${editor} element=${element} definition=${owner.get('eventDefinitions')[0]} problems=${problems} />`;
}

/** The message, signal, error or escalation that an event or receive task is about. */
function Named({ editor, element, owner }) {
  const { editing } = editor;
  const definition = is(owner, 'bpmn:Task') ? owner : owner.get('eventDefinitions')[0];
  const [property, type, word] = DEFINED[definition.$type] ?? ['messageRef', 'bpmn:Message', '消息'];
  const held = definition.get(property);
  const all = editing.named(type);
  const code = { 'bpmn:Error': 'errorCode', 'bpmn:Escalation': 'escalationCode' }[type];
  const take = (id) => editing.setWithin(element, definition, { [property]: all.find((one) => one.id === id) });
  const make = (name) => {
    if (name) editing.refer(element, definition, property, type, { name, ...(code ? { [code]: name.toUpperCase() } : {}) });
  };
  return html`<${Section} title=${_(word)}>
    ${all.length > 0 && html`<${Choice} name="definition" label=${_('选用已有的')} value=${held?.id ?? ''} onCommit=${take}
      options=${[{ value: '', label: _('不指定') }, ...all.map((one) => ({ value: one.id, label: one.name || one.id }))]} />`}
    <${Text} name="definition-new" label=${_('新建（填名称）')} value="" placeholder="order_closed" onCommit=${make}
      help=${_('小写英文和下划线；发出和等待的一方用同一个名称。')} />
    ${held && html`<${Text} name="definition-name" label=${_('名称')} value=${held.name} onCommit=${(name) => editing.setWithin(element, held, { name })} />`}
    ${held && code && html`<${Text} name="definition-code" label=${_('代码')} value=${held.get(code)} onCommit=${(value) => editing.setWithin(element, held, { [code]: value || undefined })} />`}
  <//>`;
}

function Flow({ editor, element, owner }) {
  const { editing } = editor;
  const source = owner.sourceRef;
  if (!isAny(source, ['bpmn:ExclusiveGateway', 'bpmn:InclusiveGateway', 'bpmn:Activity'])) return null;
  const isDefault = source.default === owner;
  const problems = editor.findings.filter((one) => one.element === owner.id).map((one) => one.text);
  const setDefault = (on) => editing.together(() => {
    if (on && owner.conditionExpression) editing.set(element, { conditionExpression: undefined });
    editing.set(element.source, { default: on ? owner : undefined });
  });
  return html`<${Section} title=${_('条件')}>
    <${Tick} name="default" label=${_('默认：其他条件都不成立时走这里')} value=${isDefault} onCommit=${setDefault} />
    ${!isDefault && html`<${Feel} name="condition" label=${_('条件成立时走这里')} value=${owner.conditionExpression?.body} editor=${editor} problems=${problems}
      help=${_('例如 result = "approved" and amount > 3；按 Ctrl+空格列出可用的名称。')}
      onCommit=${(text) => editing.set(element, { conditionExpression: editing.expression(text, owner) })} />`}
  <//>`;
}

/** The ways out of a gateway, in the order in which they are tried. */
function Ways({ editor, owner, element }) {
  const flows = waysOut(owner);
  if (flows.length < 2) return null;
  return html`<${Section} title=${_('出口（按顺序判断）')}>
    <ol class="ways">${flows.map((flow, index) => html`<li key=${flow.id}>
      <button type="button" class="row-name" onClick=${() => editor.select(flow.id)}>
        ${flow.name || _('去{name}', { name: flow.targetRef.name || flow.targetRef.id })}
        <code>${owner.default === flow ? _('默认') : flow.conditionExpression?.body ?? ''}</code></button>
      <${Button} plain label="↑" title=${_('先判断“{name}”', { name: flow.name || flow.id })} disabled=${index === 0} onClick=${() => editor.editing.reorder(element, flow, -1)} />
      <${Button} plain label="↓" title=${_('后判断“{name}”', { name: flow.name || flow.id })} disabled=${index === flows.length - 1} onClick=${() => editor.editing.reorder(element, flow, 1)} />
    </li>`)}</ol>
  <//>`;
}

function About({ editor, element, owner }) {
  if (is(owner, 'bpmn:Collaboration')) return null;
  return html`<${Section} title=${_('编号与说明')} open=${false}>
    <${Text} name="id" label=${_('编号')} value=${owner.id} onCommit=${(id) => editor.setId(element, owner, id)}
      help=${_('英文编号：任务与历史以它记录，发布后不宜改动。')} />
    <${Text} name="documentation" label=${_('给设计人员的说明')} long value=${owner.get('documentation')[0]?.text}
      onCommit=${(text) => editor.editing.setDocumentation(element, owner, text)} />
  <//>`;
}
