// The read-only diagram of an order: where its tokens are and which steps are done.
// The same facts stand as a list of steps beside it, so nothing here is needed to understand them.
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';

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
  if (canvas.zoom() < READABLE && token) {
    const view = canvas.viewbox();
    const [width, height] = [view.outer.width / READABLE, view.outer.height / READABLE];
    canvas.viewbox({
      x: token.x + token.width / 2 - width / 2,
      y: token.y + token.height / 2 - height / 2,
      width,
      height,
    });
  }
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
  container.dataset.ready = '1';
  return viewer;
}
