// What the checker says, as a list and on the canvas.
import { html } from '@bpmn-io/diagram-js-ui';
import { Trial } from './trial.js';
import { _ } from './words.js';

const SIGNS = { error: '✕', warning: '!' };
const MARKERS = { error: 'has-error', warning: 'has-warning' };

/** Mark the elements that something is said about; colour and sign. */
export function markFindings(modeler, findings) {
  const canvas = modeler.get('canvas');
  const overlays = modeler.get('overlays');
  overlays.remove({ type: 'finding' });
  const registry = modeler.get('elementRegistry');
  registry.forEach((one) => Object.values(MARKERS).forEach((marker) => {
    if (canvas.hasMarker(one, marker)) canvas.removeMarker(one, marker);
  }));
  const worst = new Map();
  for (const one of findings) {
    if (one.element && SIGNS[one.severity] && worst.get(one.element)?.severity !== 'error') worst.set(one.element, one);
  }
  for (const [id, one] of worst) {
    const element = registry.get(id);
    if (!element || !element.parent) continue;
    canvas.addMarker(element, MARKERS[one.severity]);
    const sign = document.createElement('span');
    sign.className = `finding-sign ${one.severity}`;
    sign.textContent = SIGNS[one.severity];
    sign.title = one.text;
    overlays.add(element, 'finding', { position: { top: -12, left: -12 }, html: sign });
  }
}

export function Findings({ editor }) {
  const { findings } = editor;
  const number = (severity) => findings.filter((one) => one.severity === severity).length;
  return html`<details open>
    <summary>${_('问题')}<span class="counts" role="status">
      ${findings.length ? _('{errors} 个错误，{warnings} 个提醒', { errors: number('error'), warnings: number('warning') }) : _('没有问题')}</span></summary>
    <ul>${findings.map((one, index) => html`<li key=${index} class=${one.severity}>
      <span class="sign" aria-label=${one.severity === 'error' ? _('错误') : _('提醒')}>${SIGNS[one.severity] ?? '·'}</span>
      ${one.element && editor.element(one.element)
        ? html`<button type="button" class="link" onClick=${() => editor.select(one.element)}>${one.element_name || one.element}</button>`
        : one.element_name || one.element || ''}
      <span>${one.text}</span></li>`)}</ul>
    <${Trial} trial=${editor.trial} />
  </details>`;
}
