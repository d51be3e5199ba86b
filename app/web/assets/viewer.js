// The read-only diagram of an order: where its tokens are and which steps are done.
// The same facts stand as a list of steps beside it, so nothing here is needed to understand them.
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';

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
  canvas.zoom('fit-viewport', 'auto');
  container.dataset.ready = '1';
}
