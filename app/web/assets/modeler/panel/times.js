// When a timer happens: an amount and its unit, a rung of a clock, an instant, or an expression.
import { html } from '@bpmn-io/diagram-js-ui';
import { FRESH, limitOf, written } from '../limits.js';
import { clocks } from '../scope.js';
import { _, called, say } from '../words.js';
import { Choice, Feel, Section, Text } from './fields.js';

const UNITS = () => [
  ['minutes', _('分钟')], ['hours', _('小时')], ['days', _('天')], ['weeks', _('周')], ['months', _('个月')],
].map(([value, label]) => ({ value, label }));

const MODES = (repeats) => [
  ['', _('请选择')], ['working_days', _('工作日')], ['working_hours', _('工作小时')], ['duration', _('自然时长')],
  ['clock', _('到时钟的某一档')], ['instant', _('到某一时刻')],
  ...(repeats ? [['cycle', _('反复')], ['repeat', _('反复（自己写）')]] : []),
  ['date', _('数据里的时刻（表达式）')], ['length', _('数据里的时长（表达式）')],
].map(([value, label]) => ({ value, label }));

export function Timer({ editor, element, definition, problems }) {
  const limit = limitOf(definition);
  const set = (next) => {
    const none = { timeDate: undefined, timeDuration: undefined, timeCycle: undefined };
    const [property, text] = written(next);
    editor.editing.setWithin(element, definition, next.mode
      ? { ...none, [property]: editor.editing.expression(text, definition) ?? editor.editing.create('bpmn:FormalExpression', { body: '' }, definition) }
      : none);
  };
  const change = (part) => set({ ...limit, ...part });
  const number = (name, label, value, key = 'amount') => html`<${Text} name=${name} label=${label} value=${value}
    inputmode="numeric" onCommit=${(text) => change({ [key]: text.replace(/\D/g, '') })} />`;
  const repeats = element.businessObject.$type === 'bpmn:BoundaryEvent' && element.businessObject.cancelActivity === false;
  const known = limit.mode === 'clock' ? clocks(editor.editing.definitions, editor.names) : [];
  const clock = known.find((one) => one.name === limit.clock);
  return html`<${Section} title=${_('时限')}>
    <${Choice} name="limit-mode" label=${_('何时')} value=${limit.mode} options=${MODES(repeats || ['cycle', 'repeat'].includes(limit.mode))} must
      onCommit=${(mode) => set({ mode, ...FRESH[mode] })} />
    ${limit.mode === 'cycle' && number('limit-times', _('次数（不填：直到环节结束）'), limit.times, 'times')}
    ${['working_days', 'working_hours', 'duration', 'cycle'].includes(limit.mode) && html`<div class="pair">
      ${number('limit-amount', limit.mode === 'cycle' ? _('每隔') : _('多久'), limit.amount)}
      ${limit.unit && html`<${Choice} name="limit-unit" label=${_('单位')} value=${limit.unit} options=${UNITS()} onCommit=${(unit) => change({ unit })} />`}
    </div>`}
    ${limit.mode === 'clock' && html`
      <${Choice} name="limit-clock" label=${_('时钟')} value=${limit.clock} onCommit=${(name) => change({ clock: name })}
        options=${known.map((one) => ({ value: one.name, label: called(one.label, one.name) }))} />
      <${Choice} name="limit-rung" label=${_('到哪一档')} value=${limit.rung} onCommit=${(rung) => change({ rung })}
        options=${(clock?.rungs ?? [{ name: 'yellow', label: _('黄灯') }, { name: 'red', label: _('红灯') }]).map((one) => ({ value: one.name ?? one, label: say(one.label) || one }))}
        help=${_('时限归时钟管：延期、暂停、换日历都不用改流程。')} />`}
    ${limit.mode === 'instant' && html`<${Text} name="limit-at" label=${_('时刻')} value=${limit.at} must
      placeholder="2026-03-01T17:30:00+08:00" help=${_('写到时区，例如 2026-03-01T17:30:00+08:00。')} onCommit=${(at) => change({ at })} />`}
    ${['date', 'length', 'repeat'].includes(limit.mode) && html`<${Feel} name="limit-text" label=${_('表达式')} value=${limit.text} must
      editor=${editor} problems=${problems} onCommit=${(text) => change({ text })}
      help=${limit.mode === 'repeat' ? _('例如 R3/PT24H') : limit.mode === 'length' ? _('例如 duration(limit)') : _('例如 date and time(due)')} />`}
  <//>`;
}
