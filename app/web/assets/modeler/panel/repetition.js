// Whether an activity is repeated: for each of a list, so many times, or as long as something holds.
import { html } from '@bpmn-io/diagram-js-ui';
import { is } from 'bpmn-js/lib/util/ModelUtil';
import { _ } from '../words.js';
import { Choice, Feel, Section, Text, Tick } from './fields.js';

export function Repetition({ editor, element, owner }) {
  const { editing } = editor;
  const loop = owner.get('loopCharacteristics');
  const multi = loop && is(loop, 'bpmn:MultiInstanceLoopCharacteristics');
  const mode = !loop ? '' : !multi ? 'standard' : loop.isSequential ? 'sequential' : 'parallel';
  const each = multi ? editing.extension(loop, 'jieban:Each') : undefined;
  const choose = (next) => {
    if (multi && ['parallel', 'sequential'].includes(next)) {
      editing.setWithin(element, loop, { isSequential: next === 'sequential' });
      return;
    }
    const made = next && editing.create(next === 'standard'
      ? 'bpmn:StandardLoopCharacteristics' : 'bpmn:MultiInstanceLoopCharacteristics',
    next === 'sequential' ? { isSequential: true } : {}, owner);
    editing.set(element, { loopCharacteristics: made || undefined });
  };
  const feel = (name, label, property, help) => html`<${Feel} name=${name} label=${label} help=${help} editor=${editor}
    value=${loop.get(property)?.body} onCommit=${(text) => editing.setWithin(element, loop, { [property]: editing.expression(text, loop) })} />`;
  const setEach = (part) => {
    const next = { ...Object.fromEntries(['of', 'as', 'collect', 'into'].map((key) => [key, each?.[key]])), ...part };
    const held = Object.fromEntries(Object.entries(next).filter(([, value]) => value));
    editing.setExtension(element, loop, 'jieban:Each', Object.keys(held).length ? held : null);
  };
  const of = (key, label, help) => html`<${Text} name="each-${key}" label=${label} help=${help} value=${each?.[key] ?? ''}
    onCommit=${(value) => setEach({ [key]: value })} />`;
  return html`<${Section} title=${_('重复')} open=${Boolean(loop)}>
    <${Choice} name="repetition" label=${_('怎样重复')} value=${mode} onCommit=${choose} options=${[
      { value: '', label: _('不重复') }, { value: 'parallel', label: _('同时办理多份') },
      { value: 'sequential', label: _('依次办理多份') }, { value: 'standard', label: _('条件成立就再做') }]} />
    ${multi && html`
      ${!loop.get('loopDataInputRef') && html`<${Feel} name="each-of" label=${_('对清单中的每一项')} editor=${editor} value=${each?.of ?? ''} help=${_('清单的名称或表达式，例如 units')} onCommit=${(value) => setEach({ of: value })} />`}
      ${of('as', _('每一份里叫作'), _('例如 unit'))}
      ${of('collect', _('收集每一份的'))}
      ${of('into', _('汇总为'))}
      ${!each?.of && feel('cardinality', _('份数'), 'loopCardinality', _('没有清单时填写，例如 3'))}
      ${feel('completion', _('提前结束的条件'), 'completionCondition', _('例如 numberOfCompletedInstances >= 2'))}`}
    ${mode === 'standard' && html`
      ${feel('loop-condition', _('再做的条件'), 'loopCondition')}
      <${Tick} name="test-before" label=${_('先判断再做')} value=${loop.testBefore} onCommit=${(on) => editing.setWithin(element, loop, { testBefore: on })} />
      <${Text} name="loop-maximum" label=${_('最多几次')} value=${loop.loopMaximum === undefined ? '' : String(loop.loopMaximum)} inputmode="numeric"
        onCommit=${(text) => editing.setWithin(element, loop, { loopMaximum: /^\d+$/.test(text) ? Number(text) : undefined })} />`}
  <//>`;
}
