// Beside the table: trying it out, and its test rows.
import { html, useState } from '@bpmn-io/diagram-js-ui';
import { _ } from './words.js';

const TRUTH = { true: true, false: false };

/** What was typed, as the value of an input of that type; null where nothing was. */
export function valueOf(typed, type) {
  const text = (typed ?? '').trim();
  if (!text) return null;
  if (type === 'number' && Number.isFinite(Number(text))) return Number(text);
  if (type === 'boolean') return TRUTH[text] ?? text;
  if (/^[[{]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch { /* it is a text that begins like that */ }
  }
  return text;
}

const shown = (value) => (value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value));

export function Trying({ editor }) {
  const [name, setName] = useState('');
  const { typed, answer } = editor;
  const set = (input, value) => editor.type(input.name, value);
  return html`<section class="trying">
    <h2>${_('试算')}</h2>
    <form onSubmit=${(event) => { event.preventDefault(); editor.try(); }}>
      ${editor.inputs.map((one, place) => html`<div class="field" key=${one.name}>
        <label for="try-${place}">${one.label}${one.label !== one.name && html` <code>${one.name}</code>`}</label>
        ${one.type === 'boolean'
          ? html`<select id="try-${place}" name="try-${one.name}" value=${typed[one.name] ?? ''} onChange=${(event) => set(one, event.target.value)}>
              <option value="">${_('未填')}</option><option value="true">${_('是')}</option><option value="false">${_('否')}</option></select>`
          : html`<input id="try-${place}" name="try-${one.name}" list=${one.allowed.length ? `try-${place}-list` : undefined} autocomplete="off"
              value=${typed[one.name] ?? ''} placeholder=${_('未填')} onInput=${(event) => set(one, event.target.value)} />`}
        ${one.allowed.length > 0 && html`<datalist id="try-${place}-list">${one.allowed.map((value) => html`<option key=${value} value=${value}></option>`)}</datalist>`}
      </div>`)}
      <button type="submit" name="try" class="button small main-action" disabled=${!editor.inputs.length}>${_('试算')}</button>
    </form>
    <div role="status" class="answer">${answer && (answer.text
      ? html`<p class="refused">${answer.text}</p>`
      : html`<p>${_('回答的行：{rows}', { rows: told(answer.rows) })}</p><${Outputs} value=${answer.outputs} />
        <div class="keep"><label for="test-name">${_('测试行名称（可不填）')}</label>
          <input id="test-name" value=${name} onInput=${(event) => setName(event.target.value)} />
          <button type="button" name="keep-test" class="button small" onClick=${() => editor.keepTest(name)}>${_('存为测试行')}</button></div>`)}
      ${editor.told && html`<p>${editor.told}</p>`}</div>
  </section>`;
}

const told = (rows) => Object.values(rows).flat().join('、') || _('默认值');

function Outputs({ value }) {
  const many = value && typeof value === 'object' && !Array.isArray(value);
  return html`<dl>${Object.entries(many ? value : { [_('结果')]: value }).map(([name, one]) => html`<dt>${name}</dt><dd>${shown(one) || 'null'}</dd>`)}</dl>`;
}

export function Tests({ editor }) {
  const failed = editor.tests.filter((one) => one.failure).length;
  return html`<section class="tests" aria-label=${_('测试行')}>
    <h2>${_('测试行')} <span class="counts ${failed ? 'bad' : ''}">${_('{passed} 通过，{failed} 不符', { passed: editor.tests.length - failed, failed })}</span></h2>
    ${editor.untold > 0 && html`<p class="muted">${_('另有 {number} 行在提交时运行。', { number: editor.untold })}</p>`}
    <ol>${editor.tests.map((one) => html`<li key=${one.number} class=${one.failure ? 'failed' : 'passed'}>
      <button type="button" class="link" name="test-${one.number}" onClick=${() => editor.showTest(one)}>
        <span aria-hidden="true">${one.failure ? '✕' : '✓'}</span> ${one.name || Object.values(one.inputs).map((value) => shown(value) || 'null').join(' · ')}</button>
      ${one.failure && html`<p>${one.failure}</p>`}</li>`)}</ol>
  </section>`;
}
