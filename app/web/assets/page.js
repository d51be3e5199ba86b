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
