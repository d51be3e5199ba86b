// What came of the scenarios after a save, below the findings of either editor.
import { html } from '@bpmn-io/diagram-js-ui';
import { _ } from './words.js';

/** `trial` is undefined before the first, null meanwhile. */
export function Trial({ trial }) {
  if (trial === undefined) return null;
  if (trial === null) return html`<p class="trial" role="status">${_('正在运行情景…')}</p>`;
  const sign = trial.failed.length ? 'error' : 'good';
  const words = trial.failed.length
    ? _('{failed} 个情景与预期不符，共 {run} 个', { failed: trial.failed.length, run: trial.run })
    : trial.run ? _('{run} 个情景全部符合预期', { run: trial.run }) : _('还没有情景');
  return html`<div class="trial">
    <p class=${sign} role="status">${words} <a href=${trial.address}>${_('情景与覆盖')}</a></p>
    ${trial.failed.length > 0 && html`<ul>${trial.failed.map((one) => html`<li class="error">
      <span class="sign" aria-hidden="true">✕</span>
      ${one.address ? html`<a href=${one.address}>${one.name}</a>` : one.name}<span>${one.text}</span></li>`)}</ul>`}
  </div>`;
}
