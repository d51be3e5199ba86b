// The read-only diagram of an order: where its tokens are and which steps are done.
// The same facts stand as a list of steps beside it, so nothing here is needed to understand them.
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import './viewer.css';

const READABLE = 0.7;

export async function show(container) {
  const response = await fetch(container.dataset.diagram, { credentials: 'same-origin' });
  if (!response.ok) throw new Error(`diagram: ${response.status}`);
  const viewer = new NavigatedViewer({ container });
  await viewer.importXML(await response.text());
  const canvas = viewer.get('canvas');
  const registry = viewer.get('elementRegistry');
  const mark = (ids, marker) => {
    for (const id of (ids || '').split(' ')) {
      if (id && registry.get(id)) canvas.addMarker(id, marker);
    }
  };
  mark(container.dataset.done, 'is-done');
  mark(container.dataset.active, 'is-active');
  for (const [id, level] of Object.entries(JSON.parse(container.dataset.heat || '{}'))) {
    if (registry.get(id)) canvas.addMarker(id, `heat-${level}`);
  }
  for (const what of ['added', 'removed', 'changed']) mark(container.dataset[what], `is-${what}`);
  // Whole if it can be read so, else at reading size around the token.
  canvas.zoom('fit-viewport', 'auto');
  const token = (container.dataset.active || '').split(' ').map((id) => id && registry.get(id)).find(Boolean);
  if (token) bringNear(canvas, token);
  const tools = container.previousElementSibling;
  if (tools && tools.matches('[data-diagram-tools]')) {
    tools.hidden = false;
    tools.addEventListener('click', (event) => {
      const { zoom } = event.target.dataset;
      if (zoom === 'fit') canvas.zoom('fit-viewport', 'auto');
      else if (zoom) canvas.zoom(canvas.zoom() * (zoom === 'in' ? 1.25 : 0.8));
    });
  }
  const counts = JSON.parse(container.dataset.counts || '{}');
  for (const [id, count] of Object.entries(counts)) {
    if (!registry.get(id)) continue;
    const badge = document.createElement('span');
    badge.className = count ? 'count' : 'count never';
    badge.textContent = String(count);
    viewer.get('overlays').add(id, { position: { top: -9, right: 9 }, html: badge });
  }
  const elements = document.querySelector('[data-elements]');
  if (elements) readTogether(viewer, elements);
  container.dataset.ready = '1';
  return viewer;
}

/** Show an element where it can be read. */
function bringNear(canvas, element) {
  if (canvas.zoom() >= READABLE) {
    canvas.scrollToElement(element, 60);
    return;
  }
  const { outer } = canvas.viewbox();
  const [width, height] = [outer.width / READABLE, outer.height / READABLE];
  canvas.viewbox({ x: element.x + element.width / 2 - width / 2, y: element.y + element.height / 2 - height / 2, width, height });
}

/** The element that is clicked is told in the list, and the one opened in the list is shown. */
function readTogether(viewer, list) {
  const canvas = viewer.get('canvas');
  const registry = viewer.get('elementRegistry');
  const part = (id) => list.querySelector(`[data-element="${CSS.escape(id)}"]`);
  let shown;
  viewer.on('element.click', ({ element }) => {
    const told = part((element.labelTarget ?? element).id);
    if (!told) return;
    told.open = true;
    told.scrollIntoView({ block: 'nearest' });
  });
  list.addEventListener('toggle', ({ target }) => {
    const element = registry.get(target.dataset.element);
    if (!target.open || !element) return;
    for (const other of list.querySelectorAll('details[open]')) if (other !== target) other.open = false;
    if (shown) canvas.removeMarker(shown, 'is-chosen');
    shown = element;
    canvas.addMarker(element, 'is-chosen');
    canvas.setRootElement(canvas.findRoot(element));
    bringNear(canvas, element);
  }, true);
}
