// The controls of the properties panel. A control holds what is typed until it is left (or Enter
// is pressed) and then tells it once: one change, one step to undo.
import { html, useEffect, useRef, useState } from '@bpmn-io/diagram-js-ui';
import { completions } from '../scope.js';
import { _ } from '../words.js';

const WAIT = 700; // milliseconds after the last key until an expression is checked

let last = 0;
const useIdentity = (name) => useState(() => `${name}-${(last += 1)}`)[0];

/** What is typed, until it is told by `onCommit`; follows `value` when that changes meanwhile. */
function useTyped(value, onCommit) {
  const [typed, setTyped] = useState(null);
  const commit = useRef(null);
  commit.current = () => {
    if (typed !== null && typed !== value) onCommit(typed);
    setTyped(null);
  };
  return [typed ?? value, setTyped, () => commit.current()];
}

function Framed({ id, label, help, problems, must, children }) {
  return html`
    <div class="field ${problems?.length ? 'is-wrong' : ''}">
      <label for=${id}>${label}${must && html` <span class="must">*</span>`}</label>
      ${children}
      ${help && html`<p class="help" id="${id}-help">${help}</p>`}
      ${(problems ?? []).map((one) => html`<p class="wrong">${one}</p>`)}
    </div>`;
}

export function Text({ name, label, value = '', onCommit, help, long, must, readOnly, ...more }) {
  const id = useIdentity(name);
  const [shown, type, commit] = useTyped(value ?? '', onCommit);
  const shared = {
    id, name, value: shown, readOnly,
    onInput: (event) => type(event.target.value),
    onBlur: commit,
    onKeyDown: (event) => {
      if (event.key === 'Enter' && !long) commit();
      if (event.key === 'Escape') { type(null); }
    },
    'aria-describedby': help ? `${id}-help` : undefined,
    ...more,
  };
  return html`<${Framed} id=${id} label=${label} help=${help} must=${must}>
    ${long ? html`<textarea rows="2" ...${shared}></textarea>` : html`<input autocomplete="off" ...${shared} />`}
  <//>`;
}

export function Choice({ name, label, value = '', options, onCommit, help, must }) {
  const id = useIdentity(name);
  const unknown = value && !options.some((one) => one.value === value);
  return html`<${Framed} id=${id} label=${label} help=${help} must=${must}>
    <select id=${id} name=${name} value=${value} onChange=${(event) => onCommit(event.target.value)}>
      ${unknown && html`<option value=${value}>${_('{value}（未知）', { value })}</option>`}
      ${options.map((one) => html`<option value=${one.value} selected=${one.value === value}>${one.label}</option>`)}
    </select>
  <//>`;
}

export function Tick({ name, label, value, onCommit, help }) {
  const id = useIdentity(name);
  return html`<div class="field"><label class="tick">
      <input type="checkbox" id=${id} name=${name} checked=${Boolean(value)} onChange=${(event) => onCommit(event.target.checked)} />
      ${label}</label>${help && html`<p class="help">${help}</p>`}</div>`;
}

/** A FEEL expression: names in scope are offered while one types, ↑ ↓ Enter choose. */
export function Feel({ name, label, value = '', onCommit, editor, help, must, bare, problems }) {
  const id = useIdentity(name);
  const box = useRef(null);
  const timer = useRef(0);
  const [shown, type, commit] = useTyped(value ?? '', onCommit);
  const [offer, setOffer] = useState(null);
  useEffect(() => () => clearTimeout(timer.current), []);
  const look = (text) => {
    const { replaces, items } = completions(text, box.current.selectionStart, editor.variables(), editor.names.functions);
    setOffer(items.length ? { replaces, items, at: 0 } : null);
  };
  const take = (item) => {
    const caret = box.current.selectionStart;
    const start = caret - offer.replaces;
    const text = shown.slice(0, start) + item.text + shown.slice(caret);
    type(text);
    setOffer(null);
    const after = start + item.text.length;
    box.current.value = text;
    box.current.setSelectionRange(after, after);
  };
  const keys = (event) => {
    if (offer && ['ArrowDown', 'ArrowUp'].includes(event.key)) {
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setOffer({ ...offer, at: (offer.at + step + offer.items.length) % offer.items.length });
      event.preventDefault();
    } else if (offer && ['Enter', 'Tab'].includes(event.key)) {
      take(offer.items[offer.at]);
      event.preventDefault();
    } else if (event.key === 'Escape') {
      if (offer) event.stopPropagation();
      setOffer(null);
    } else if (event.key === 'Enter' && !event.shiftKey) {
      commit();
      event.preventDefault();
    } else if (event.key === ' ' && event.ctrlKey) {
      look(shown);
      event.preventDefault();
    }
  };
  const area = html`<div class="feel">
      <textarea id=${id} name=${name} ref=${box} rows=${Math.min(6, Math.max(1, Math.ceil((shown ?? '').length / 30)))} spellcheck=${false} autocomplete="off"
        aria-haspopup="listbox" aria-controls=${offer ? `${id}-offer` : undefined} aria-autocomplete="list"
        aria-label=${bare ? label : undefined} aria-activedescendant=${offer ? `${id}-${offer.at}` : undefined}
        value=${shown}
        onInput=${(event) => {
          type(event.target.value);
          look(event.target.value);
          clearTimeout(timer.current);
          timer.current = setTimeout(commit, WAIT);
        }}
        onBlur=${() => { setOffer(null); commit(); }}
        onKeyDown=${keys}></textarea>
      ${offer && html`<ul class="offer" id="${id}-offer" role="listbox" aria-label=${_('可用的名称')}>
        ${offer.items.map((item, index) => html`<li id="${id}-${index}" role="option" aria-selected=${index === offer.at}
          onMouseDown=${(event) => { event.preventDefault(); take(item); }}><code>${item.text}</code><span>${item.hint}</span></li>`)}
      </ul>`}
    </div>`;
  return bare ? area : html`<${Framed} id=${id} label=${label} help=${help} must=${must} problems=${problems}>${area}<//>`;
}

export function Section({ title, children, open = true, tools }) {
  return html`<details class="section" open=${open}>
    <summary>${title}</summary>
    <div class="section-body">${children}${tools}</div>
  </details>`;
}

export function Button({ label, onClick, small = true, name, disabled, plain, title }) {
  return html`<button type="button" name=${name} disabled=${disabled} title=${title} aria-label=${title}
    class="${plain ? 'link' : `button ${small ? 'small' : ''}`}" onClick=${onClick}>${label}</button>`;
}
