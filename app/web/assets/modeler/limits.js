// Times as people say them, and as a timer event holds them (docs/designing.md, section 4).

const UNITS = { minutes: ['PT', 'M'], hours: ['PT', 'H'], days: ['P', 'D'], weeks: ['P', 'W'], months: ['P', 'M'] };
const LENGTH = /^P(?:(?<weeks>\d+)W|(?<months>\d+)M|(?<days>\d+)D|T(?<hours>\d+)H|T(?<minutes>\d+)M)$/;
const WORKING = /^=?\s*(working_days|working_hours)\(\s*(\d+)\s*\)\s*$/;
const CLOCK = /^=?\s*clock\(\s*"([^"]*)"\s*,\s*"([^"]*)"\s*\)\s*$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)$/;
const CYCLE = /^R(\d*)\/(P.*)$/;

/** A length such as PT72H as {amount, unit}; null for another. */
function lengthOf(text) {
  const found = LENGTH.exec(text.trim())?.groups;
  const unit = found && Object.keys(UNITS).find((one) => found[one]);
  return unit ? { amount: found[unit], unit } : null;
}

/** `{amount: '72', unit: 'hours'}` as PT72H. */
function isoLength({ amount, unit }) {
  const [before, behind] = UNITS[unit] ?? UNITS.hours;
  return `${before}${amount || 0}${behind}`;
}

/**
 * What a timer says: {mode, …}. Modes: working_days and working_hours {amount}, duration
 * {amount, unit}, clock {clock, rung}, instant {at}, cycle {times, amount, unit}; date, length and
 * repeat {text} are what people write as FEEL or ISO themselves.
 * @param {object} definition the bpmn:TimerEventDefinition
 */
export function limitOf(definition) {
  const body = (name) => definition.get(name)?.get('body')?.trim();
  const [date, duration, cycle] = ['timeDate', 'timeDuration', 'timeCycle'].map(body);
  if (duration !== undefined) {
    const length = lengthOf(duration);
    return length ? { mode: 'duration', ...length } : { mode: 'length', text: duration };
  }
  if (cycle !== undefined) {
    const found = CYCLE.exec(cycle);
    const length = found && lengthOf(found[2]);
    return length ? { mode: 'cycle', times: found[1], ...length } : { mode: 'repeat', text: cycle };
  }
  if (date === undefined) return { mode: '' };
  const working = WORKING.exec(date);
  if (working) return { mode: working[1], amount: working[2] };
  const clock = CLOCK.exec(date);
  if (clock) return { mode: 'clock', clock: clock[1], rung: clock[2] };
  return INSTANT.test(date) ? { mode: 'instant', at: date } : { mode: 'date', text: date };
}

/** The property of the timer and its text for a limit; the inverse of `limitOf`. */
export function written(limit) {
  switch (limit.mode) {
    case 'working_days':
    case 'working_hours': return ['timeDate', `${limit.mode}(${limit.amount || 0})`];
    case 'duration': return ['timeDuration', isoLength(limit)];
    case 'clock': return ['timeDate', `clock("${limit.clock ?? ''}", "${limit.rung ?? ''}")`];
    case 'instant': return ['timeDate', limit.at ?? ''];
    case 'cycle': return ['timeCycle', `R${limit.times ?? ''}/${isoLength(limit)}`];
    case 'length': return ['timeDuration', limit.text ?? ''];
    case 'repeat': return ['timeCycle', limit.text ?? ''];
    default: return ['timeDate', limit.text ?? ''];
  }
}

/** Nine o'clock tomorrow, in China. */
function tomorrow() {
  const day = new Date(Date.now() + 32 * 3600 * 1000); // 8 hours to China, 24 to tomorrow
  return `${day.toISOString().slice(0, 10)}T09:00:00+08:00`;
}

/** What a limit begins as when somebody chooses its mode. */
export const FRESH = {
  working_days: { amount: '3' },
  working_hours: { amount: '4' },
  duration: { amount: '72', unit: 'hours' },
  clock: { clock: 'handling', rung: 'yellow' },
  instant: { at: tomorrow() },
  cycle: { times: '3', amount: '24', unit: 'hours' },
  date: { text: '' },
  length: { text: '' },
  repeat: { text: '' },
};
