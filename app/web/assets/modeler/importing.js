// Reading a BPMN file without losing anything of it in silence: cures for what the library would
// read wrongly, and a comparison of what was read with what would be written. Whatever a reader
// would drop is a warning, and no warning is passed over: see saving.js.
import { Parser } from 'saxen';

const DATA_REFERENCES = new Set(['bpmn:loopDataInputRef', 'bpmn:loopDataOutputRef']);
const FLAGS = /(\s(?:isExecutable|isClosed|isSequential|testBefore|cancelActivity|isInterrupting|triggeredByEvent|isForCompensation|instantiate|parallelMultiple|isImmediate|isCollection|isUnlimited|isRequired|mustUnderstand)\s*=\s*)(["'])([01])\2/g;
const NAMESPACES = {
  'http://www.omg.org/spec/BPMN/20100524/MODEL': 'bpmn',
  'http://www.omg.org/spec/BPMN/20100524/DI': 'bpmndi',
  'http://www.omg.org/spec/DD/20100524/DC': 'dc',
  'http://www.omg.org/spec/DD/20100524/DI': 'di',
  'http://www.w3.org/2001/XMLSchema-instance': 'xsi',
  'https://jieban.dev/bpmn/1.0': 'jieban',
};
const DRAWN = /^(bpmndi|dc|di):/;

/**
 * A text as the library reads it rightly: it takes the flags 1 and 0 for neither, and does not know
 * that `tns:x` is the `x` of this file where `tns` stands for the file's own namespace.
 */
export function readable(text) {
  const plain = text.replace(FLAGS, (_all, name, quote, flag) => `${name}${quote}${flag === '1'}${quote}`);
  const own = /\stargetNamespace\s*=\s*(["'])(.*?)\1/.exec(plain)?.[2];
  const prefixes = [...plain.matchAll(/\sxmlns:([\w.-]+)\s*=\s*(["'])(.*?)\2/g)].filter((one) => own && one[3] === own).map((one) => one[1]);
  return prefixes.reduce((read, prefix) => {
    const name = prefix.replace(/[.]/g, '\\$&');
    return read
      .replace(new RegExp(`(\\s(?:\\w+Ref|default|bpmnElement)\\s*=\\s*["'])${name}:`, 'g'), '$1')
      .replace(new RegExp(`(<(?:[\\w.-]+:)?(?:\\w+Refs?|incoming|outgoing)(?:\\s[^<>]*)?>\\s*)${name}:`, 'g'), '$1');
  }, plain);
}

const ID = /^[A-Za-z_][\w.-]{0,127}$/;
const NEEDS_ID = /^bpmn:(process|sequenceFlow|task|subProcess|transaction|adHocSubProcess|callActivity|\w+(Task|Event|Gateway))$/;

/** Whether elements of the text have ids that cannot stay, or lack one: the server gives new ones. */
export function hasOtherIds(text) {
  let found = false;
  const parser = new Parser();
  parser.ns({ ...NAMESPACES });
  parser.on('openTag', (name, attributes) => {
    if (!/^bpmn(di)?:/.test(name)) return;
    const { id } = attributes();
    if (id === undefined ? NEEDS_ID.test(name) : !ID.test(id)) found = true;
  });
  parser.on('error', () => {});
  parser.on('warn', () => {});
  parser.parse(text);
  return found;
}

/** Let a declared language be written even where it is the library's default: it is not ours. */
export function keepLanguages(moddle) {
  const { propertiesByName } = moddle.getType('bpmn:Definitions').$descriptor;
  for (const name of ['expressionLanguage', 'typeLanguage']) delete propertiesByName[name].default;
}

/**
 * Keep collections that are named and not drawn: `<loopDataInputRef>orders</loopDataInputRef>`
 * names process data, while the schema wants a reference to a drawn data element. Each such name
 * becomes an element of that id which lives in memory only, so that it is written as it was read.
 * @param {object} parsed what moddle's fromXML resolves to
 * @param {{create: function}} moddle
 * @returns {object[]} the warnings that remain
 */
export function keepNamedCollections({ references, warnings }, moddle) {
  const kept = new Map();
  return warnings.filter((warning) => {
    const { element, property, value } = warning;
    if (!element || !DATA_REFERENCES.has(property)) return true;
    if (!references.some((one) => one.element === element && one.id === value)) return true;
    if (!kept.has(value)) kept.set(value, moddle.create('bpmn:DataInput', { id: value }));
    element.set(property, kept.get(value));
    return false;
  });
}

/**
 * What stands in `before` and not in `after`, drawing apart: `<bpmn:task x="y">`, one line each.
 * A default that is left out says the same as one that is written.
 */
export function lost(before, after, moddle) {
  const left = contents(after, moddle);
  const missing = [];
  for (const [line, number] of contents(before, moddle)) {
    if ((left.get(line) ?? 0) < number) missing.push(line);
  }
  return missing;
}

/** Every element with its attributes and text, and how often it stands there. */
function contents(text, moddle) {
  const found = new Map();
  const open = [];
  const parser = new Parser();
  parser.ns({ ...NAMESPACES });
  parser.on('openTag', (name, attributes, decode) => {
    const written = Object.entries(attributes())
      .filter(([key, value]) => !/^(xmlns|xsi)(:|$)/.test(key) && !isDefault(moddle, name, key, value))
      .map(([key, value]) => ` ${key}="${decode(value)}"`)
      .sort();
    open.push({ line: `<${name}${written.join('')}>`, text: '', name, bare: !written.length });
  });
  parser.on('text', (value, decode) => { if (open.length) open[open.length - 1].text += decode(value); });
  parser.on('cdata', (value) => { if (open.length) open[open.length - 1].text += value; });
  parser.on('closeTag', () => {
    const one = open.pop();
    const words = one.text.replace(/\s+/g, ' ').trim();
    const holder = one.name === 'bpmn:extensionElements';
    if (DRAWN.test(one.name) || holder) return;
    const line = words ? `${one.line}${words}` : one.line;
    found.set(line, (found.get(line) ?? 0) + 1);
  });
  parser.on('error', () => {});
  parser.on('warn', () => {});
  parser.parse(text);
  return found;
}

function isDefault(moddle, tag, key, value) {
  if (!tag.startsWith('bpmn:') || /Language$/.test(key)) return false;
  const type = `bpmn:${tag[5].toUpperCase()}${tag.slice(6)}`;
  if (!moddle.registry.typeMap[type]) return false;
  const property = moddle.registry.getEffectiveDescriptor(type).propertiesByName[key];
  return property?.default !== undefined && String(property.default) === value;
}
