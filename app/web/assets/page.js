// Comfort for pages that work without it: every form posts and every link leads without scripts.
import htmx from 'htmx.org';

htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
htmx.config.attributesToSettle = ['class', 'width', 'height']; // the policy forbids style attributes
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0; // pages carry personal data: none of it is kept in the browser

const csrf = document.querySelector('meta[name="csrf-token"]');
document.addEventListener('htmx:configRequest', (event) => {
  if (csrf) event.detail.headers['X-CSRF-Token'] = csrf.content;
});

// "/" goes to the search field, as the placeholder says.
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input, textarea, select, [contenteditable]');
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector('[data-search]');
  if (search) {
    event.preventDefault();
    search.focus();
  }
});

// The box in a table's head ticks all rows; the count beside the toolbar follows.
document.addEventListener('change', (event) => {
  const form = event.target.closest('form[data-selection]');
  if (!form || event.target.type !== 'checkbox') return;
  const rows = [...form.querySelectorAll('tbody input[type="checkbox"]')];
  const all = form.querySelector('[data-select-all]');
  if (event.target === all) rows.forEach((row) => { row.checked = all.checked; });
  const chosen = rows.filter((row) => row.checked).length;
  if (all) {
    all.checked = chosen > 0 && chosen === rows.length;
    all.indeterminate = chosen > 0 && chosen < rows.length;
  }
  const count = form.querySelector('[data-selected-count]');
  if (count) count.textContent = String(chosen);
});

// A file that is too large is not sent to be refused at the end of a long wait.
document.addEventListener('change', (event) => {
  const { type, dataset, files, nextElementSibling: said } = event.target;
  if (type !== 'file' || !dataset.most) return;
  said.hidden = [...files].every((file) => file.size <= Number(dataset.most));
  if (!said.hidden) event.target.value = '';
});

// A form is sent once, however often its button is pressed; what only fetches a file, every time.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.method !== 'post' || 'again' in form.dataset) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = '1';
  form.setAttribute('aria-busy', 'true');
});
window.addEventListener('pageshow', () => {
  document.querySelectorAll('form[data-sent]').forEach((form) => {
    delete form.dataset.sent;
    form.removeAttribute('aria-busy');
  });
});

// Fields that depend on others come and go; which of them, the server says from their conditions.
function dependent(form) {
  const put = ({ hidden, required }) => {
    for (const field of form.querySelectorAll('[data-field]')) {
      field.hidden = hidden.includes(field.dataset.field);
      const must = field.querySelector('.must');
      if (must) must.hidden = !required.includes(field.dataset.field);
    }
  };
  form.querySelectorAll('[data-field][data-off]').forEach((field) => { field.hidden = true; });
  let asking;
  const ask = async () => {
    asking?.abort();
    asking = new AbortController();
    const typed = [...new FormData(form)].filter(([, value]) => typeof value === 'string');
    try {
      const answer = await fetch(form.dataset.look, {
        method: 'POST',
        body: new URLSearchParams(typed),
        credentials: 'same-origin',
        signal: asking.signal,
      });
      if (answer.ok) put(await answer.json());
    } catch { /* what is shown stays: the server decides when the form is sent */ }
  };
  let soon;
  form.addEventListener('input', () => {
    clearTimeout(soon);
    soon = setTimeout(ask, 250);
  });
}
document.querySelectorAll('form[data-look]').forEach(dependent);

// Whoever leaves a page with typed but unsent text is asked first.
const changed = new Set(document.querySelectorAll('form[data-typed]')); // came back with its text
document.addEventListener('input', (event) => {
  const form = event.target.closest('form[data-keep]');
  if (form) changed.add(form);
});
document.addEventListener('submit', (event) => changed.delete(event.target));
window.addEventListener('beforeunload', (event) => {
  if (changed.size) event.preventDefault();
});

// Typing is work: the session does not end under somebody who writes a long answer.
const STILL_HERE_EVERY = 5 * 60 * 1000;
let told = Date.now();
document.addEventListener('input', () => {
  const address = document.body.dataset.stillHere;
  if (!address || Date.now() - told < STILL_HERE_EVERY) return;
  told = Date.now();
  fetch(address, { credentials: 'same-origin' }).catch(() => {});
});

// A long list of ticks is searched by name; what is chosen stays in sight, and stands above it.
function picker(list) {
  const [search, picked, none] = ['input[type="search"]', '.picked', '.none'].map((one) => list.querySelector(one));
  const labels = [...list.querySelectorAll('.picks label')];
  const groups = [...list.querySelectorAll('.picks [role="group"]')];
  const tell = () => {
    const names = labels.filter((one) => one.control.checked).map((one) => one.textContent.trim());
    const { none: nothing, some, between } = picked.dataset;
    picked.textContent = names.length ? some.replace('{n}', names.length) + names.join(between) : nothing;
  };
  const find = () => {
    const words = search.value.trim().toLowerCase().split(/\s+/);
    for (const label of labels) {
      const name = label.textContent.toLowerCase();
      label.hidden = !label.control.checked && !words.every((word) => name.includes(word));
    }
    for (const group of groups) group.hidden = !group.querySelector('label:not([hidden])');
    none.hidden = groups.some((group) => !group.hidden);
  };
  search.hidden = picked.hidden = false;
  search.addEventListener('input', (event) => {
    event.stopPropagation(); // looking for something is no change of the form
    find();
  });
  search.addEventListener('keydown', (event) => {
    const matches = labels.filter((one) => !one.hidden && !one.control.checked);
    if (event.key === 'Enter') {
      event.preventDefault(); // does not send the form; where one is left, it is meant
      if (search.value.trim() && matches.length === 1) matches[0].click();
    } else if (event.key === 'ArrowDown' && matches.length) {
      event.preventDefault();
      matches[0].control.focus();
    } else if (event.key === 'Escape' && search.value) {
      event.preventDefault();
      search.value = '';
      find();
    }
  });
  list.querySelector('.picks').addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const shown = labels.filter((one) => !one.hidden);
    const next = shown.findIndex((one) => one.control === event.target) + step;
    (next < 0 ? search : shown[Math.min(next, shown.length - 1)].control).focus();
  });
  list.addEventListener('change', tell);
  tell();
}
document.querySelectorAll('[data-picker]').forEach(picker);

// A select with groups becomes two: first the group, then what is in it.
function cascade(select) {
  const groups = [...select.querySelectorAll('optgroup')];
  if (!groups.length) return;
  const first = document.createElement('select');
  first.className = select.className;
  // The label, and a link to the field, now lead to the first of the two.
  first.id = select.id;
  select.id += '-below';
  select.setAttribute('aria-label', select.dataset.cascade);
  for (const name of ['aria-describedby', 'aria-invalid']) {
    if (select.hasAttribute(name)) first.setAttribute(name, select.getAttribute(name));
  }
  first.add(new Option(select.options[0].text, ''));
  for (const group of groups) first.add(new Option(group.label, group.label));
  const chosen = select.selectedOptions[0];
  const fill = () => {
    const blank = select.options[0];
    const group = groups.find((one) => one.label === first.value);
    select.replaceChildren(blank, ...(group ? [...group.children].map((one) => one.cloneNode(true)) : []));
    select.disabled = !group;
  };
  if (chosen && chosen.parentElement.tagName === 'OPTGROUP') first.value = chosen.parentElement.label;
  const value = select.value;
  fill();
  select.value = value;
  first.addEventListener('change', () => {
    fill();
    select.dispatchEvent(new Event('change', { bubbles: true }));
  });
  select.before(first);
}

async function enhance(root) {
  root.querySelectorAll('select[data-cascade]').forEach((select) => {
    const { cascade: label } = select.dataset;
    if (label && !select.dataset.cascaded) {
      select.dataset.cascaded = '1';
      cascade(select);
    }
  });
  for (const container of root.querySelectorAll('[data-script]:not([data-started])')) {
    container.dataset.started = '1';
    try {
      const island = await import(container.dataset.script);
      await island.show(container);
    } catch (error) {
      container.textContent = container.dataset.failed;
      container.dataset.ready = 'failed';
      console.error(error);
    }
  }
}
document.addEventListener('htmx:afterSettle', (event) => enhance(event.target));
enhance(document);
document.body.dataset.ready = '1';
