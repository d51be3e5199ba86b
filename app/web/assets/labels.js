// What bpmn-js shows as the name of an element: for readers of English the English one, where there
// is one. The file keeps both; what changes names (label editing's command, copying, updating) goes
// on with the Chinese one. See build.mjs for who asks here.
import { DEFAULT_LABEL_SIZE, getExternalLabelBounds as drawnBounds, getLabel as inChinese } from 'bpmn-js/lib/util/LabelUtil';
import { isChinese } from './language.js';

export * from 'bpmn-js/lib/util/LabelUtil';

/** The name in `jieban:name`, which a reader without our descriptor sees as a plain element. */
export const english = (owner) => owner?.get('extensionElements')?.get('values')
  ?.find((one) => /^jieban:name$/i.test(one.$type))?.en;

/** Where a name stands: as the file says, with room for English words, which are longer. */
export function getExternalLabelBounds(di, element) {
  const bounds = drawnBounds(di, element);
  const lacking = DEFAULT_LABEL_SIZE.width - bounds.width;
  if (isChinese || lacking <= 0 || !english(element.businessObject)) return bounds;
  return { ...bounds, x: bounds.x - lacking / 2, width: DEFAULT_LABEL_SIZE.width };
}

export const getLabel = (element) => (!isChinese && english(element.businessObject)) || inChinese(element);
