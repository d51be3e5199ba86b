// A run step by step on its diagram: the marks follow the step that is chosen in the list, by its
// buttons or by the arrow keys. The list alone tells the same.
import { show as draw } from './viewer.js';

const MARKS = { active: 'is-active', done: 'is-done', fresh: 'is-added' };

export async function show(container) {
  const viewer = await draw(container);
  const canvas = viewer.get('canvas');
  const registry = viewer.get('elementRegistry');
  const list = document.querySelector('[data-replay]');
  const steps = JSON.parse(list.dataset.marks);
  const rows = [...list.querySelectorAll('[data-step]')];
  let shown = [];
  let current = -1;

  function turn(to, focus) {
    const next = Math.max(0, Math.min(steps.length - 1, to));
    if (next === current || !steps.length) return;
    current = next;
    for (const [id, marker] of shown) canvas.removeMarker(id, marker);
    shown = [];
    for (const [what, marker] of Object.entries(MARKS)) {
      for (const id of steps[current][what]) {
        if (!registry.get(id)) continue;
        canvas.addMarker(id, marker);
        shown.push([id, marker]);
      }
    }
    rows.forEach((row, number) => {
      row.classList.toggle('is-current', number === current);
      row.querySelector('details').open = number === current;
    });
    const summary = rows[current].querySelector('summary');
    if (focus) summary.focus();
    rows[current].scrollIntoView({ block: 'nearest' });
  }

  rows.forEach((row, number) => row.querySelector('summary').addEventListener('click', (event) => {
    event.preventDefault();
    if (number === current) row.querySelector('details').toggleAttribute('open');
    else turn(number);
  }));
  const tools = document.querySelector('[data-replay-tools]');
  if (tools) {
    tools.hidden = false;
    tools.addEventListener('click', (event) => {
      const { turn: by } = event.target.dataset;
      if (by) turn(current + Number(by));
    });
  }
  document.addEventListener('keydown', (event) => {
    if (event.target.closest('input, textarea, select') || event.ctrlKey || event.metaKey) return;
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    turn(current + by, true);
  });
  turn(0);
}
