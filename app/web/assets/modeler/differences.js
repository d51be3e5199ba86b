// Where two texts of the same diagram differ, element by element, for whoever must choose.
import { _ } from './words.js';

const MODEL = 'http://www.omg.org/spec/BPMN/20100524/MODEL';
const MOST = 40; // lines; more than that nobody reads in a dialog

/** What each element with an id says itself, without what it contains that has an id of its own. */
function told(text) {
  const page = new DOMParser().parseFromString(text, 'application/xml');
  const found = new Map();
  for (const node of page.getElementsByTagNameNS(MODEL, '*')) {
    if (!node.id) continue;
    const own = node.cloneNode(true);
    for (const inner of [...own.querySelectorAll('[id]')]) inner.remove();
    for (const inner of [...own.getElementsByTagNameNS(MODEL, 'incoming'), ...own.getElementsByTagNameNS(MODEL, 'outgoing')]) inner.remove();
    found.set(node.id, { name: node.getAttribute('name'), text: new XMLSerializer().serializeToString(own).replace(/\s+/g, ' ') });
  }
  return found;
}

/** Sentences, one for each element that differs. */
export function differences(mine, theirs) {
  const [ours, others] = [told(mine), told(theirs)];
  const lines = [];
  for (const id of new Set([...ours.keys(), ...others.keys()])) {
    const [one, other] = [ours.get(id), others.get(id)];
    if (one?.text === other?.text) continue;
    const names = [...new Set([one, other].filter(Boolean).map((side) => side.name || _('空')))].join(' ↔ ');
    const where = !other ? `（${_('只在您的里面')}）` : !one ? `（${_('只在对方的里面')}）` : '';
    lines.push(`${names} · ${id}${where}`);
  }
  return lines.length > MOST ? [...lines.slice(0, MOST), '…'] : lines;
}
