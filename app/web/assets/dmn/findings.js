// What the checker says about the table, with an example each and the row that is missing.
import { html } from '@bpmn-io/diagram-js-ui';
import { Trial } from '../modeler/trial.js';
import { _ } from './words.js';

const SIGNS = { error: '✕', warning: '!' };

export function Findings({ editor }) {
  const { findings } = editor;
  const number = (severity) => findings.filter((one) => one.severity === severity).length;
  return html`<details open>
    <summary>${_('问题')}<span class="counts" role="status">
      ${number('error') + number('warning') ? _('{errors} 个错误，{warnings} 个提醒', { errors: number('error'), warnings: number('warning') }) : _('没有问题')}</span></summary>
    <ul>${findings.map((one, index) => html`<li key=${index} class=${one.severity}>
      <span class="sign" role="img" aria-label=${one.severity === 'error' ? _('错误') : _('提醒')}>${SIGNS[one.severity] ?? '·'}</span>
      ${(one.rows ?? []).map((row) => html`<button type="button" class="link" name="go-${row}" onClick=${() => editor.go(one, row)}>${_('第 {row} 行', { row })}</button> `)}
      <span>${one.text}</span>
      ${one.missing?.length > 0 && html` <button type="button" class="button small" name="add-missing" onClick=${() => editor.addMissing(one)}>${_('补一行')}</button>`}</li>`)}</ul>
    <${Trial} trial=${editor.trial} />
  </details>`;
}
