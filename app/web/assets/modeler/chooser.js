// One dialog to choose from a long list by typing: what to append, where to connect, which type.
import { html, render, useEffect, useRef, useState } from '@bpmn-io/diagram-js-ui';
import { GROUPS } from './catalogue.js';
import { _ } from './words.js';

/**
 * Let somebody choose one of `items` ({id, label, hint, group, icon}).
 * @returns {Promise<object|null>} the chosen one, null if the dialog was left
 */
export function choose(host, title, items) {
  const dialog = document.createElement('dialog');
  dialog.className = 'chooser';
  dialog.setAttribute('aria-label', title);
  host.append(dialog);
  return new Promise((resolve) => {
    const take = (chosen) => {
      leave(dialog);
      resolve(chosen);
    };
    dialog.addEventListener('close', () => take(null));
    dialog.addEventListener('click', (event) => { if (event.target === dialog) take(null); });
    render(html`<${List} title=${title} items=${items} take=${take} leave=${() => take(null)} />`, dialog);
    dialog.showModal();
    dialog.querySelector('input').focus();
  });
}

function leave(dialog) {
  render(null, dialog);
  dialog.remove();
}

function List({ title, items, take, leave }) {
  const [words, setWords] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef(null);
  const wanted = words.trim().toLowerCase();
  const found = items.filter((one) => !wanted || `${one.label} ${one.hint ?? ''} ${one.id}`.toLowerCase().includes(wanted));
  const here = Math.min(at, found.length - 1);
  useEffect(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }), [here, words]);
  const keys = (event) => {
    if (event.key === 'ArrowDown') setAt((here + 1) % found.length);
    else if (event.key === 'ArrowUp') setAt((here - 1 + found.length) % found.length);
    else if (event.key === 'Enter' && found[here]) take(found[here]);
    else return;
    event.preventDefault();
  };
  let group;
  return html`<div class="chooser-body">
    <div class="chooser-head"><h2>${title}</h2><button type="button" class="link" onClick=${leave}>${_('取消')}</button></div>
    <input type="search" role="combobox" aria-expanded="true" aria-controls="chooser-list" aria-activedescendant="chooser-${here}"
      aria-label=${_('输入几个字筛选')} placeholder=${_('输入几个字筛选')} value=${words} onKeyDown=${keys}
      onInput=${(event) => { setWords(event.target.value); setAt(0); }} />
    <ul id="chooser-list" role="listbox" aria-label=${title} ref=${list}>
      ${found.map((one, index) => {
        const head = one.group !== group;
        group = one.group;
        return html`${head && one.group && html`<li class="group" role="presentation">${_(GROUPS[one.group] ?? one.group)}</li>`}
          <li id="chooser-${index}" role="option" data-id=${one.id} aria-selected=${index === here} onClick=${() => take(one)}>
            ${one.icon && html`<span class="bpmn-icon-${one.icon}" aria-hidden="true"></span>`}${one.label}${one.hint && html` <code>${one.hint}</code>`}</li>`;
      })}
    </ul>
    ${!found.length && html`<p class="muted">${_('没有符合的。')}</p>`}
  </div>`;
}

/** Ask something in a dialog with buttons [{id, label, main}]; resolves to an id, or null. */
export function ask(host, title, body, buttons) {
  const dialog = document.createElement('dialog');
  dialog.className = 'asking';
  dialog.setAttribute('aria-label', title);
  host.append(dialog);
  return new Promise((resolve) => {
    const answer = (id) => {
      leave(dialog);
      resolve(id);
    };
    dialog.addEventListener('close', () => answer(null));
    const press = (one) => (one.stay ? one.stay() : answer(one.id));
    render(html`<h2>${title}</h2>${body}<div class="actions">${buttons.map((one) => html`
      <button type="button" name=${one.id} class="button ${one.main ? 'main-action' : ''}" onClick=${() => press(one)}>${one.label}</button>`)}</div>`, dialog);
    dialog.showModal();
  });
}
