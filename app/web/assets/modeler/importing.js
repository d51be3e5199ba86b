// Reading a BPMN file without losing anything of it: our descriptor, and a cure for names that
// BPMN's schema takes for references. Whatever a reader would drop is a warning, and no warning
// is passed over: see saving.js.

const DATA_REFERENCES = new Set(['bpmn:loopDataInputRef', 'bpmn:loopDataOutputRef']);

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
