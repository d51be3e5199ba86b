// The names an expression may use: what steps of the diagram leave in the data of the process, and
// what the server knows beyond the diagram.
import { is } from 'bpmn-js/lib/util/ModelUtil';

const ours = (owner, type) => owner.get('extensionElements')?.get('values').find((one) => is(one, type));

/** Everything in a process, contents of sub-processes included. */
export function* within(scope) {
  for (const one of scope.get('flowElements') ?? []) {
    yield one;
    if (is(one, 'bpmn:SubProcess')) yield* within(one);
  }
}

/** The ways out of a node, in the order in which they are tried: that of the file. */
export const waysOut = (node) => (node.$parent?.get('flowElements') ?? [])
  .filter((one) => is(one, 'bpmn:SequenceFlow') && one.sourceRef === node);

/** [{name, from, options}] in the order of their steps; `options`: values a choice can have. */
export function variables(definitions, names) {
  const found = new Map();
  const add = (name, from, options) => {
    if (name && !found.has(name)) found.set(name, { name, from, options });
  };
  for (const process of definitions.get('rootElements').filter((one) => is(one, 'bpmn:Process'))) {
    for (const one of within(process)) {
      const from = one.name ?? one.id;
      for (const field of ours(one, 'jieban:Form')?.get('fields') ?? []) {
        const values = (field.get('options') ?? []).map((option) => option.value);
        add(field.name, from, field.type === 'boolean' ? undefined : values);
      }
      for (const result of ours(one, 'jieban:Service')?.get('results') ?? []) add(result.into || result.name, from);
      const decision = ours(one, 'jieban:Decision');
      const outputs = names.decisions?.find((table) => table.key === decision?.key)?.outputs ?? [];
      if (decision?.result) {
        for (const output of outputs) add(`${decision.result}.${output.name ?? output}`, from);
        add(decision.result, from);
      } else if (decision) {
        for (const output of outputs) add(output.name ?? output, from);
      }
      const loop = one.get('loopCharacteristics');
      if (loop && is(loop, 'bpmn:MultiInstanceLoopCharacteristics')) {
        const each = ours(loop, 'jieban:Each');
        add(each?.as, from);
        add(each?.into, from);
        add('loopCounter', from);
      }
    }
  }
  for (const one of names.variables ?? []) add(one.name, one.from);
  return [...found.values()];
}

/** The clocks a timer may ask: those the server knows, and those that steps of the drawing start. */
export function clocks(definitions, names) {
  const found = [...(names.clocks ?? [])];
  for (const process of definitions.get('rootElements').filter((one) => is(one, 'bpmn:Process'))) {
    for (const one of within(process)) {
      const service = ours(one, 'jieban:Service');
      const clock = service?.name === 'start_clock' && service.get('parameters').find((each) => each.name === 'clock');
      const name = /^\s*"(\w+)"\s*$/.exec(clock?.value ?? '')?.[1];
      if (name && !found.some((each) => each.name === name)) found.push({ name, label: one.name ?? name });
    }
  }
  return found;
}

/**
 * What may stand where the caret is: [{text, hint}], and how much before the caret it replaces.
 * Behind `name = "` these are the values of the choice of that name.
 */
export function completions(text, caret, known, functions = []) {
  const before = text.slice(0, caret);
  const value = /([A-Za-z_][\w.]*)\s*!?=\s*"([^"]*)$/.exec(before);
  if (value) {
    const options = known.find((one) => one.name === value[1])?.options ?? [];
    return {
      replaces: value[2].length,
      items: options.filter((one) => one.startsWith(value[2])).map((one) => ({ text: `${one}"`, hint: value[1] })),
    };
  }
  if ((before.match(/"/g) ?? []).length % 2) return { replaces: 0, items: [] };
  const word = /[A-Za-z_][\w.]*$/.exec(before)?.[0] ?? '';
  const fits = (name) => name.toLowerCase().startsWith(word.toLowerCase()) && name !== word;
  const items = known.filter((one) => fits(one.name)).map((one) => ({ text: one.name, hint: one.from }));
  if (word) {
    items.push(...functions.filter((one) => fits(one.name ?? one)).map((one) => ({ text: `${one.name ?? one}(`, hint: 'FEEL' })));
  }
  return { replaces: word.length, items: items.slice(0, 12) };
}
