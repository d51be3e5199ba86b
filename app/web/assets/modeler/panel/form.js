// The form of a step or act: its fields, in the order in which people see them.
import { html, useState } from '@bpmn-io/diagram-js-ui';
import { _, introduced, list, say } from '../words.js';
import { Button, Choice, Feel, Section, Text, Tick } from './fields.js';

/** What a field is called by the reader. */
const titled = (one) => say({ zh: one.label, en: one.label_en }) || one.name;

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
  length: ['text', 'long_text', 'phone', 'files', 'multi_choice', 'units'],
  pattern: ['text', 'long_text', 'phone'],
  options: ['choice', 'multi_choice'],
};

const SORTS = () => [
  ['document', _('文档')], ['picture', _('图片')], ['recording', _('录音')], ['video', _('视频')],
];

/** Formats that people name; any other is written as a regular expression. */
const PATTERNS = () => [
  { pattern: '(\\d{17}[\\dXx]|\\d{15})', label: _('身份证号'), words: '请填写 15 位或 18 位身份证号。', words_en: 'Enter an identity number of 15 or 18 signs.' },
  { pattern: '[0-9A-Z]{18}', label: _('统一社会信用代码'), words: '请填写 18 位统一社会信用代码。', words_en: 'Enter a credit code of 18 signs.' },
  { pattern: '[\u4e00-\u9fff][A-Z][0-9A-Z]{5,6}', label: _('车牌号'), words: '请按“苏D12345”的样子填写车牌号。', words_en: 'Enter a plate such as 苏D12345.' },
  { pattern: '\\d{6}', label: _('邮政编码'), words: '请填写 6 位邮政编码。', words_en: 'Enter a postcode of 6 digits.' },
];
const OWN = '.+'; // what a format of one's own begins with

// What no property of a form may hold: it is left out instead.
const filled = (properties) => Object.fromEntries(
  Object.entries(properties).filter(([, value]) => value !== '' && value !== undefined),
);

const plain = (one, type) => {
  const found = {};
  for (const { name, ns } of one.$descriptor.properties) {
    const value = ns.localName in one || name in one ? one.get(name) : undefined;
    if (value !== undefined && !Array.isArray(value)) found[ns.localName] = value;
  }
  if (type === 'field') {
    found.options = (one.get('options') ?? []).map((option) => plain(option));
    found.rules = (one.get('rules') ?? []).map((rule) => plain(rule));
  }
  return found;
};

export function Form({ editor, element, owner }) {
  const { editing } = editor;
  const form = editing.extension(owner, 'jieban:Form');
  const [open, setOpen] = useState(null);
  const fields = (form?.get('fields') ?? []).map((one) => plain(one, 'field'));
  const write = (next) => editing.setExtension(element, owner, 'jieban:Form', next.length
    ? { fields: next.map(({ options, rules, ...rest }) => editing.moddle.create('jieban:Field', {
      ...filled(rest),
      ...(options?.length ? { options: editing.many('jieban:Option', options.map(filled)) } : {}),
      ...(rules?.length ? { rules: editing.many('jieban:Rule', rules.map(filled)) } : {}),
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
  const told = (one) => editor.findings.filter((finding) => finding.element === owner.id && finding.field === one.name)
    .map((finding) => finding.text);
  const add = () => {
    let number = fields.length + 1;
    while (fields.some((one) => one.name === `field_${number}`)) number += 1;
    setOpen(fields.length);
    write([...fields, { name: `field_${number}`, type: 'text', label: '新字段', label_en: 'New field' }]);
  };
  return html`<${Section} title=${_('表单（{number} 个字段）', { number: fields.length })}>
    <ol class="form-fields">
      ${fields.map((one, index) => html`<li key=${index} class="${open === index ? 'is-open' : ''} ${told(one).length ? 'is-wrong' : ''}">
        <div class="row">
          <button type="button" class="row-name" aria-expanded=${open === index} name="field-${one.name}"
            onClick=${() => setOpen(open === index ? null : index)}>${titled(one)}${one.required === 'true' && html`<span class="must"> *</span>`}
            <code>${one.name}</code></button>
          <${Button} plain label="↑" title=${_('上移“{name}”', { name: titled(one) })} disabled=${index === 0} onClick=${() => move(index, -1)} />
          <${Button} plain label="↓" title=${_('下移“{name}”', { name: titled(one) })} disabled=${index === fields.length - 1} onClick=${() => move(index, 1)} />
          <${Button} plain label="✕" title=${_('删除“{name}”', { name: titled(one) })} onClick=${() => { setOpen(null); write(fields.filter((_one, at) => at !== index)); }} />
        </div>
        ${open === index && html`<${Field} one=${one} editor=${editor} problems=${told(one)} change=${(part) => change(index, part)} />`}
      </li>`)}
    </ol>
    <${Button} name="field-add" label=${_('添加字段')} onClick=${add} />
  <//>`;
}

function Field({ one, editor, change, problems }) {
  const text = (key, label, more = {}) => html`<${Text} name="field-${key}" label=${label} value=${one[key]}
    onCommit=${(value) => change({ [key]: value })} ...${more} />`;
  const feel = (key, label, help) => html`<${Feel} name="field-${key}" label=${label} value=${one[key]} editor=${editor}
    help=${help} onCommit=${(value) => change({ [key]: value.trim() })} />`;
  const roles = editor.names.roles ?? [];
  return html`<div class="form-field">
    ${problems.map((problem) => html`<p class="wrong" key=${problem}>${problem}</p>`)}
    ${text('label', _('名称'), { must: true })}
    ${text('label_en', _('英文名称'))}
    ${text('name', _('编号'), { must: true, help: _('小写字母、数字和下划线；条件里用这个编号。') })}
    <${Choice} name="field-type" label=${_('类型')} value=${one.type} options=${TYPES()} must onCommit=${(type) => change(asType(one, type))} />
    <${Tick} name="field-required" label=${_('必填')} value=${one.required === 'true'} onCommit=${(on) => change({ required: on ? 'true' : '', ...(on ? { required_when: '' } : {}) })} />
    ${WITH.options.includes(one.type) && html`<${Options} options=${one.options} write=${(options) => change({ options })} />`}
    ${one.type === 'files' && html`<${Files} one=${one} change=${change} text=${text} />`}
    ${WITH.bounds.includes(one.type) && html`<div class="pair"><${Bound} one=${one} name="min" change=${change} /><${Bound} one=${one} name="max" change=${change} /></div>`}
    ${WITH.length.includes(one.type) && html`<div class="pair">
      ${text('min_length', COUNTED()[one.type]?.[0] ?? _('最少多少字'), { inputmode: 'numeric' })}
      ${text('max_length', COUNTED()[one.type]?.[1] ?? _('最多多少字'), { inputmode: 'numeric' })}</div>`}
    ${WITH.pattern.includes(one.type) && html`<${Pattern} one=${one} change=${change} text=${text} />`}
    <${Begins} one=${one} editor=${editor} change=${change} />
    ${text('help', _('填写说明'))}
    ${text('help_en', _('填写说明（英文）'))}
    <details class="more" open=${Boolean(one.shown_when || one.required_when || one.rules.length)}>
      <summary>${_('条件与规则')}</summary>
      ${feel('shown_when', _('满足条件时才显示'), _('不填：总是显示。例如 result = "refused"；可用本表单的字段和流程数据。'))}
      ${one.required !== 'true' && feel('required_when', _('满足条件时必填'))}
      <${Rules} rules=${one.rules} editor=${editor} write=${(rules) => change({ rules })} />
    </details>
    <${Roles} name="field-visible_to" label=${_('谁能看')} roles=${roles} value=${one.visible_to} onCommit=${(value) => change({ visible_to: value })} />
    <${Roles} name="field-editable_by" label=${_('谁能填')} roles=${roles} value=${one.editable_by} onCommit=${(value) => change({ editable_by: value })} />
  </div>`;
}

const COUNTED = () => ({
  files: [_('最少几个文件'), _('最多几个文件')],
  multi_choice: [_('最少选几项'), _('最多选几项')],
  units: [_('最少几个单位'), _('最多几个单位')],
});

/** What a field keeps when its type changes: only what the new type can say. */
function asType(one, type) {
  const next = { type, options: [], default: '' };
  if (WITH.options.includes(type)) {
    next.options = one.options.length ? one.options : [{ value: 'yes', label: '是', label_en: 'Yes' }, { value: 'no', label: '否', label_en: 'No' }];
  }
  if (!WITH.bounds.includes(type) || type !== one.type) Object.assign(next, { min: '', max: '' });
  if (!WITH.length.includes(type)) Object.assign(next, { min_length: '', max_length: '' });
  if (!WITH.pattern.includes(type)) Object.assign(next, { pattern: '', pattern_words: '', pattern_words_en: '' });
  if (type !== 'files') Object.assign(next, { kind: '', accept: '', max_mb: '' });
  return next;
}

/** An instant as people write it: 2026-01-31 09:30, meant in China; the file holds it with its offset. */
const written = (value) => value?.replace(/^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(:00)?\+08:00$/, '$1 $2');
const stored = (value) => value.trim().replace(/^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})$/, '$1T$2:00+08:00');

function Bound({ one, name, change }) {
  const example = { date: '2026-01-31', datetime: '2026-01-31 09:30' }[one.type];
  const label = one.type === 'number' ? { min: _('不小于'), max: _('不大于') } : { min: _('不早于'), max: _('不晚于') };
  return html`<${Text} name="field-${name}" label=${label[name]} value=${one.type === 'datetime' ? written(one[name]) : one[name]}
    placeholder=${example} inputmode=${example ? undefined : 'decimal'}
    onCommit=${(value) => change({ [name]: one.type === 'datetime' ? stored(value) : value.trim() })} />`;
}

function Pattern({ one, change, text }) {
  const known = PATTERNS();
  const found = known.find((each) => each.pattern === one.pattern);
  const own = Boolean(one.pattern) && !found;
  const choose = (value) => {
    const chosen = known.find((each) => each.pattern === value);
    change(chosen ? { pattern: value, pattern_words: chosen.words, pattern_words_en: chosen.words_en }
      : { pattern: value, ...(value ? {} : { pattern_words: '', pattern_words_en: '' }) });
  };
  return html`<${Choice} name="field-format" label=${_('格式')} value=${own ? OWN : one.pattern ?? ''} onCommit=${choose}
      options=${[{ value: '', label: _('不限') }, ...known.map((each) => ({ value: each.pattern, label: each.label })), { value: OWN, label: _('自定') }]} />
    ${own && text('pattern', _('格式（正则表达式）'), { help: _('整段文字都要符合，如 GD[0-9]{8}。') })}
    ${one.pattern && text('pattern_words', _('不符合格式时的提示'))}
    ${one.pattern && text('pattern_words_en', _('不符合格式时的提示（英文）'))}`;
}

function Files({ one, change, text }) {
  const chosen = (one.accept ?? '').split(' ').filter(Boolean);
  const toggle = (sort, on) => change({ accept: SORTS().map(([name]) => name)
    .filter((name) => (name === sort ? on : chosen.includes(name))).join(' ') });
  return html`<${Choice} name="field-kind" label=${_('文件种类')} value=${one.kind ?? ''} options=${KINDS()} onCommit=${(kind) => change({ kind })} />
    <fieldset class="sorts"><legend>${_('只收这些格式（都不选：不限）')}</legend>
      ${SORTS().map(([name, label]) => html`<label class="tick" key=${name}><input type="checkbox" name="field-accept-${name}" checked=${chosen.includes(name)}
        onChange=${(event) => toggle(name, event.target.checked)} />${label}</label>`)}
    </fieldset>
    ${text('max_mb', _('每个文件最大（MB，不超过 20）'), { inputmode: 'numeric' })}`;
}

/** What stands in the field before anybody has typed. */
function Begins({ one, editor, change }) {
  const set = (value) => change({ default: value });
  const choice = (options) => html`<${Choice} name="field-default" label=${_('默认值')} value=${one.default ?? ''} onCommit=${set}
    options=${[{ value: '', label: _('无') }, ...options]} />`;
  if (one.type === 'files') return null;
  if (one.default?.startsWith('=') && !TODAY[one.type]?.includes(one.default)) {
    return html`<${Feel} name="field-default" label=${_('默认值（表达式）')} value=${one.default.slice(1).trim()} editor=${editor}
      onCommit=${(value) => set(value.trim() ? `=${value.trim()}` : '')} />`;
  }
  if (one.type === 'choice') return choice(one.options.map((option) => ({ value: option.value, label: option.label })));
  if (one.type === 'boolean') return choice([{ value: 'true', label: _('是') }, { value: 'false', label: _('否') }]);
  if (one.type === 'multi_choice') {
    const chosen = (one.default ?? '').split(' ').filter(Boolean);
    return html`<fieldset class="sorts"><legend>${_('默认值')}</legend>
      ${one.options.map((option) => html`<label class="tick" key=${option.value}><input type="checkbox" name="field-default-${option.value}" checked=${chosen.includes(option.value)}
        onChange=${(event) => set(one.options.map((each) => each.value).filter((value) => (value === option.value ? event.target.checked : chosen.includes(value))).join(' '))} />${option.label}</label>`)}
    </fieldset>`;
  }
  if (TODAY[one.type]) {
    const fixed = Boolean(one.default) && !one.default.startsWith('=');
    const label = one.type === 'date' ? _('填写当天') : _('填写的时刻');
    const begin = one.type === 'date' ? '2026-01-01' : '2026-01-01T09:00:00+08:00';
    return html`<${Choice} name="field-begins" label=${_('默认值')} value=${fixed ? 'fixed' : one.default ?? ''}
        options=${[{ value: '', label: _('无') }, { value: TODAY[one.type][0], label }, { value: 'fixed', label: _('固定的') }]}
        onCommit=${(value) => set(value === 'fixed' ? begin : value)} />
      ${fixed && html`<${Text} name="field-default" label=${_('固定的值')} value=${one.type === 'datetime' ? written(one.default) : one.default}
        onCommit=${(value) => set(one.type === 'datetime' ? stored(value) : value.trim())} />`}`;
  }
  return html`<${Text} name="field-default" label=${_('默认值')} value=${one.default} onCommit=${set} help=${_('以 = 开头的是表达式，取流程数据，如 =urgency。')} />`;
}

const TODAY = { date: ['=today()'], datetime: ['=now()'] };

/** What must be so, each with the words that are said where it is not. */
function Rules({ rules, editor, write }) {
  const change = (index, part) => write(rules.map((one, at) => (at === index ? { ...one, ...part } : one)));
  return html`<fieldset class="rules-list"><legend>${_('填写规则')}</legend>
    ${rules.map((one, index) => html`<div class="rule" key=${index}>
      <${Feel} name="rule-holds-${index}" label=${_('须满足')} must value=${one.holds} editor=${editor} onCommit=${(holds) => change(index, { holds: holds.trim() })}
        help=${index === 0 ? _('例如 begun_on <= ended_on；用到的字段都填了才检查。') : undefined} />
      <${Text} name="rule-message-${index}" label=${_('不满足时的提示')} must value=${one.message} onCommit=${(message) => change(index, { message })} />
      <${Text} name="rule-message_en-${index}" label=${_('不满足时的提示（英文）')} value=${one.message_en} onCommit=${(value) => change(index, { message_en: value })} />
      <${Button} plain label=${_('删除这条规则')} onClick=${() => write(rules.filter((_one, at) => at !== index))} />
    </div>`)}
    <${Button} name="rule-add" label=${_('添加规则')} onClick=${() => write([...rules, { holds: '', message: '' }])} />
  </fieldset>`;
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
        <${Button} plain label="↑" title=${_('上移“{name}”', { name: titled(one) })} disabled=${index === 0} onClick=${() => move(index, -1)} />
        <${Button} plain label="↓" title=${_('下移“{name}”', { name: titled(one) })} disabled=${index === options.length - 1} onClick=${() => move(index, 1)} />
        <${Button} plain label="✕" title=${_('删除“{name}”', { name: titled(one) })} onClick=${() => write(options.filter((_one, at) => at !== index))} />
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
