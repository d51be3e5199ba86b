// Reads a JSON list of BPMN texts, opens and saves each as the editor does, and writes a JSON list
// of {text, warnings}.
import { readFileSync } from 'node:fs';
import { BpmnModdle } from 'bpmn-moddle';
import { keepLanguages, keepNamedCollections, lost, readable } from '../../../app/web/assets/modeler/importing.js';
import descriptor from '../../../app/web/assets/modeler/jieban.json' with { type: 'json' };

const answers = [];
for (const text of JSON.parse(readFileSync(0, 'utf8'))) {
  const moddle = new BpmnModdle({ jieban: descriptor });
  keepLanguages(moddle);
  try {
    const parsed = await moddle.fromXML(readable(text));
    const warnings = keepNamedCollections(parsed, moddle).map((one) => one.message);
    const { xml } = await moddle.toXML(parsed.rootElement, { format: true });
    answers.push({ text: xml, warnings: [...warnings, ...lost(readable(text), xml, moddle)] });
  } catch (error) {
    answers.push({ text: null, warnings: [error.message] });
  }
}
process.stdout.write(JSON.stringify(answers));
