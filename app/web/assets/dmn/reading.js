// Reading a DMN file without losing anything of it in silence: what was read is compared with what
// would be written, and whatever is missing is a warning that blocks saving.

const DRAWN = 'dmndi';
const DEFAULTS = { hitPolicy: 'UNIQUE', preferredOrientation: 'Rule-as-Row', expressionLanguage: null, typeLanguage: null };

/** What stands in `before` and not in `after`, drawing apart: `<rule id="x">`, one line each. */
export function lost(before, after) {
  const left = contents(after);
  return [...contents(before)].filter(([line, number]) => (left.get(line) ?? 0) < number).map(([line]) => line);
}

/** Every element with its attributes and own text, and how often it stands there. */
function contents(text) {
  const found = new Map();
  const seen = (line) => found.set(line, (found.get(line) ?? 0) + 1);
  const root = new DOMParser().parseFromString(text, 'application/xml');
  const walk = (node) => {
    if (node.localName.toLowerCase() === DRAWN) return;
    const attributes = [...node.attributes]
      .filter((one) => one.prefix !== 'xmlns' && one.name !== 'xmlns' && !isDefault(one))
      .map((one) => ` ${one.localName}="${one.value}"`).sort().join('');
    const children = [...node.children];
    const words = children.length ? '' : node.textContent.replace(/\s+/g, ' ').trim();
    seen(`<${node.localName}${attributes}>${words}`);
    children.forEach(walk);
  };
  walk(root.documentElement);
  const comments = root.createTreeWalker(root, NodeFilter.SHOW_COMMENT);
  while (comments.nextNode()) seen(`<!--${comments.currentNode.data.trim()}-->`);
  return found;
}

const isDefault = ({ localName, value }) => DEFAULTS[localName] === value;
