// Old and new drawing side by side: a click on a step that is gone chooses its line in the list of
// counterparts, a click on a step of the new drawing puts that step there. The list alone does the same.
import { show as draw } from './viewer.js';

const drawn = { old: [], new: [] };
let current = null;

const choices = () => [...document.querySelectorAll('select[data-orphan]')];

function marks(side, marker, ids) {
  for (const viewer of drawn[side]) {
    const canvas = viewer.get('canvas');
    viewer.get('elementRegistry').forEach(({ id }) => canvas.removeMarker(id, marker));
    for (const id of ids) if (viewer.get('elementRegistry').get(id)) canvas.addMarker(id, marker);
  }
}

function tell() {
  const chosen = choices().map((one) => one.value || one.dataset.best).filter(Boolean);
  marks('new', 'is-added', chosen);
  marks('old', 'is-active', current ? [current.dataset.orphan] : []);
  marks('new', 'may-be', current ? [...current.options].map((one) => one.value).filter(Boolean) : []);
}

function turnTo(select) {
  current = select;
  for (const one of choices()) one.closest('.field').classList.toggle('is-current', one === select);
  tell();
}

export async function show(container) {
  const { side } = container.dataset;
  const viewer = await draw(container);
  drawn[side].push(viewer);
  viewer.get('eventBus').on('element.click', ({ element }) => {
    const id = element.id.replace(/_label$/, '');
    if (side === 'old') {
      const found = choices().find((one) => one.dataset.orphan === id);
      if (found) {
        turnTo(found);
        found.focus({ preventScroll: true });
      }
    } else if (current && [...current.options].some((one) => one.value === id)) {
      current.value = id;
      tell();
    }
  });
  if (!current) {
    for (const select of choices()) {
      select.addEventListener('focus', () => turnTo(select));
      select.addEventListener('change', tell);
    }
    current = choices()[0] || null;
  }
  if (current) turnTo(current);
}
