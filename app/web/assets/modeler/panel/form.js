// The form of a step or act: its fields, in the order in which people see them.
import { html, useState } from '@bpmn-io/diagram-js-ui';
import { _, introduced, list, say } from '../words.js';
import { Button, Choice, Section, Text, Tick } from './fields.js';

const TYPES = () => [
  ['text', _('单行文字')], ['long_text', _('多行文字')], ['number', _('数字')], ['choice', _('单选')],
  ['multi_choice', _('多选')], ['boolean', _('是或否')], ['date', _('日期')], ['datetime', _('日期和时间')],
  ['phone', _('电话')], ['unit', _('承办单位')], ['units', _('多个单位')], ['category', _('诉求分类')],
  ['district', _('区域')], ['files', _('文件')],
].map(([value, label]) => ({ value, label }));

const KINDS = () => [
  ['', _('其他材料')], ['identity', _('身份材料')], ['contact', _('联系记录')], ['handling', _('办理材料')],
].map(([value, label]) => ({ value, label }));

const WITH = {
  bounds: ['number', 'date', 'datetime'],
  length: ['text', 'long_text', 'phone', 'files'],
  pattern: ['text', 'long_text', 'phone'],
  options: ['choice', 'multi_choice'],
};

const plain = (one, type) => {
  const found = {};
  for (const { name, ns } of one.$descriptor.properties) {
    const value = ns.localName in one || name in one ? one.get(name) : undefined;
    if (value !== undefined && !Array.isArray(value)) found[ns.localName] = value;
  }
  if (type === 'field') found.options = (one.get('options') ?? []).map((option) => plain(option));
  return found;
};

export function Form({ editor, element, owner }) {
  const { editing } = editor;
  const form = editing.extension(owner, 'jieban:Form');
  const [open, setOpen] = useState(null);
  const fields = (form?.get('fields') ?? []).map((one) => plain(one, 'field'));
  const write = (next) => editing.setExtension(element, owner, 'jieban:Form', next.length
    ? { fields: next.map(({ options, ...rest }) => editing.moddle.create('jieban:Field', {
      ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== '' && value !== undefined)),
      ...(options?.length ? { options: editing.many('jieban:Option', options) } : {}),
    })) }
    : null);
  const change = (index, part) => write(fields.map((one, at) => (at === index ? { ...one, ...part } : one)));
  const move = (index, by) => {
    const next = [...fields];
    const [one] = next.splice(index, 1);
    next.splice(index + by, 0, one);
    setOpen(index + by);
    write(next);
  };
  const add = () => {
    let number = fields.length + 1;
    while (fields.some((one) => one.name === `field_${number}`)) number += 1;
    setOpen(fields.length);
    write([...fields, { name: `field_${number}`, type: 'text', label: '新字段', label_en: 'New field' }]);
  };
  return html`<${Section} title=${_('表单（{number} 个字段）', { number: fields.length })}>
    <ol class="form-fields">
      ${fields.map((one, index) => html`<li key=${index} class=${open === index ? 'is-open' : ''}>
        <div class="row">
          <button type="button" class="row-name" aria-expanded=${open === index} name="field-${one.name}"
            onClick=${() => setOpen(open === index ? null : index)}>${one.label || one.name}${one.required === 'true' && html`<span class="must"> *</span>`}
            <code>${one.name}</code></button>
          <${Button} plain label="↑" title=${_('上移“{name}”', { name: one.label })} disabled=${index === 0} onClick=${() => move(index, -1)} />
          <${Button} plain label="↓" title=${_('下移“{name}”', { name: one.label })} disabled=${index === fields.length - 1} onClick=${() => move(index, 1)} />
          <${Button} plain label="✕" title=${_('删除“{name}”', { name: one.label })} onClick=${() => { setOpen(null); write(fields.filter((_one, at) => at !== index)); }} />
        </div>
        ${open === index && html`<${Field} one=${one} editor=${editor} change=${(part) => change(index, part)} />`}
      </li>`)}
    </ol>
    <${Button} name="field-add" label=${_('添加字段')} onClick=${add} />
  <//>`;
}

function Field({ one, editor, change }) {
  const text = (key, label, more = {}) => html`<${Text} name="field-${key}" label=${label} value=${one[key]}
    onCommit=${(value) => change({ [key]: value })} ...${more} />`;
  const roles = editor.names.roles ?? [];
  return html`<div class="form-field">
    ${text('label', _('名称'), { must: true })}
    ${text('label_en', _('英文名称'))}
    ${text('name', _('编号'), { must: true, help: _('小写字母、数字和下划线；条件里用这个编号。') })}
    <${Choice} name="field-type" label=${_('类型')} value=${one.type} options=${TYPES()} must
      onCommit=${(type) => change({ type, ...(WITH.options.includes(type) ? { options: one.options.length ? one.options : [{ value: 'yes', label: '是', label_en: 'Yes' }, { value: 'no', label: '否', label_en: 'No' }] } : { options: [] }) })} />
    <${Tick} name="field-required" label=${_('必填')} value=${one.required === 'true'} onCommit=${(on) => change({ required: on ? 'true' : '' })} />
    ${WITH.options.includes(one.type) && html`<${Options} options=${one.options} write=${(options) => change({ options })} />`}
    ${WITH.bounds.includes(one.type) && html`<div class="pair">${text('min', _('不小于'))}${text('max', _('不大于'))}</div>`}
    ${WITH.length.includes(one.type) && text('max_length', one.type === 'files' ? _('最多几个文件') : _('最多多少字'), { inputmode: 'numeric' })}
    ${WITH.pattern.includes(one.type) && text('pattern', _('格式（正则表达式）'))}
    ${one.type === 'files' && html`<${Choice} name="field-kind" label=${_('文件种类')} value=${one.kind ?? ''} options=${KINDS()} onCommit=${(kind) => change({ kind })} />`}
    ${one.type === 'choice'
      ? html`<${Choice} name="field-default" label=${_('默认值')} value=${one.default ?? ''} onCommit=${(value) => change({ default: value })}
          options=${[{ value: '', label: _('无') }, ...one.options.map((option) => ({ value: option.value, label: option.label }))]} />`
      : one.type !== 'files' && text('default', _('默认值'))}
    ${text('help', _('填写说明'))}
    ${text('help_en', _('填写说明（英文）'))}
    <${Roles} name="field-visible_to" label=${_('谁能看')} roles=${roles} value=${one.visible_to} onCommit=${(value) => change({ visible_to: value })} />
    <${Roles} name="field-editable_by" label=${_('谁能填')} roles=${roles} value=${one.editable_by} onCommit=${(value) => change({ editable_by: value })} />
  </div>`;
}

function Options({ options, write }) {
  const change = (index, part) => write(options.map((one, at) => (at === index ? { ...one, ...part } : one)));
  const move = (index, by) => {
    const next = [...options];
    const [one] = next.splice(index, 1);
    next.splice(index + by, 0, one);
    write(next);
  };
  const add = () => {
    let number = options.length + 1;
    while (options.some((one) => one.value === `option_${number}`)) number += 1;
    write([...options, { value: `option_${number}`, label: '新选项', label_en: 'New option' }]);
  };
  return html`<fieldset class="options-list"><legend>${_('选项')}</legend>
    ${options.map((one, index) => html`<div class="option" key=${index}>
      <${Text} name="option-label-${index}" label=${_('名称')} value=${one.label} onCommit=${(label) => change(index, { label })} />
      <${Text} name="option-label_en-${index}" label=${_('英文名称')} value=${one.label_en} onCommit=${(value) => change(index, { label_en: value || undefined })} />
      <${Text} name="option-value-${index}" label=${_('值')} value=${one.value} onCommit=${(value) => change(index, { value })} />
      <div class="row">
        <${Button} plain label="↑" title=${_('上移“{name}”', { name: one.label })} disabled=${index === 0} onClick=${() => move(index, -1)} />
        <${Button} plain label="↓" title=${_('下移“{name}”', { name: one.label })} disabled=${index === options.length - 1} onClick=${() => move(index, 1)} />
        <${Button} plain label="✕" title=${_('删除“{name}”', { name: one.label })} onClick=${() => write(options.filter((_one, at) => at !== index))} />
      </div>
    </div>`)}
    <${Button} name="option-add" label=${_('添加选项')} onClick=${add} />
  </fieldset>`;
}

/** Several roles; none means everybody who may do the step. */
function Roles({ name, label, roles, value = '', onCommit }) {
  const chosen = (value ?? '').replaceAll(',', ' ').split(' ').filter(Boolean);
  const all = [...roles, ...chosen.filter((one) => !roles.some((role) => role.name === one)).map((one) => ({ name: one, label: one }))];
  const toggle = (role, on) => onCommit((on ? [...chosen, role] : chosen.filter((one) => one !== role)).join(' '));
  return html`<details class="roles"><summary>${introduced(label, chosen.length
    ? list(chosen.map((one) => say(all.find((role) => role.name === one).label))) : _('办理这一步的人'))}</summary>
    <fieldset><legend class="unseen">${label}</legend>
      ${all.map((role) => html`<label class="tick"><input type="checkbox" name="${name}-${role.name}" checked=${chosen.includes(role.name)}
        onChange=${(event) => toggle(role.name, event.target.checked)} />${say(role.label)}</label>`)}
    </fieldset></details>`;
}
