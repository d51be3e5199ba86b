// For readers of English the canvas shows English names; what they type there is the English name,
// and the Chinese one stays. Text without an English name (notes, groups) is edited as it is.
import { hasExternalLabel, isLabel, isLabelExternal, getExternalLabelMid } from 'bpmn-js/lib/util/LabelUtil';
import { isAny } from 'bpmn-js/lib/util/ModelUtil';
import { getLabel } from '../labels.js';
import { isChinese } from '../language.js';

const BELOW = 7; // pixels between an element and its name, as bpmn-js has them

/** Whether an element has names, and no text. */
const isNamed = (element) => isAny(element, ['bpmn:FlowElement', 'bpmn:Participant', 'bpmn:Lane', 'bpmn:MessageFlow']);

/** Names that stand beside their element come and go with the text. */
function showName(modeling, element) {
  if (!isLabelExternal(element)) return;
  const text = getLabel(element);
  if (text && !hasExternalLabel(element)) {
    const { x, y } = getExternalLabelMid(element);
    const { businessObject, di } = element;
    modeling.createLabel(element, { x, y: y + BELOW }, { id: `${businessObject.id}_label`, businessObject, di });
  } else if (!text && hasExternalLabel(element)) modeling.removeShape(element.label, { unsetLabel: false });
}

/** Give an element its English name; the empty one is none. */
export function nameInEnglish(editing, element, owner, en) {
  editing.together(() => {
    editing.setExtension(element, owner, 'jieban:Name', en ? { en } : null);
    if (!isChinese) showName(editing.modeling, element);
  });
}

/** Let what is typed on the canvas be the English name. */
export function editInEnglish(editing) {
  const { modeler, eventBus } = editing;
  const provider = modeler.get('labelEditingProvider');
  const plain = provider.update.bind(provider);
  provider.update = (shape, text, ...more) => {
    const element = shape.labelTarget ?? shape;
    if (isNamed(element)) nameInEnglish(editing, element, element.businessObject, text.trim());
    else plain(shape, text, ...more);
  };
  eventBus.on('element.changed', ({ element }) => {
    if (element.label) eventBus.fire('element.changed', { element: element.label });
  });
  // Deleting a name on the canvas would delete the Chinese one, which is not seen there.
  modeler.get('bpmnRules').addRule('elements.delete', 2000, ({ elements }) => elements.filter((one) => !isLabel(one)));
}
