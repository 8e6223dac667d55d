// An explained message for people, as it stands in the answer of `explain` and in the report of a dump.
import type { Explanation } from '../explain/explanation.ts';
import { wrapText } from './prose.ts';
import type { Style } from './style.ts';

/** Width of the labels. */
const LABEL = 11;

/** One labelled paragraph; lines after the first are indented by the width of the labels. */
export function labelled(label: string, text: string, style: Style): string[] {
  const [first = '', ...rest] = wrapText(text, LABEL + 2);
  return [`  ${style.faint(label.padEnd(LABEL))}${first}`, ...rest.map((line) => `  ${' '.repeat(LABEL)}${line}`)];
}

/** Several entries under one label. */
export function listed(label: string, entries: readonly string[], style: Style): string[] {
  return entries.flatMap((entry, i) => {
    const [first = '', ...rest] = wrapText(entry, LABEL + 4);
    return [
      `  ${style.faint((i === 0 ? label : '').padEnd(LABEL))}- ${first}`,
      ...rest.map((line) => `  ${' '.repeat(LABEL)}  ${line}`),
    ];
  });
}

export function explanationLines(explanation: Explanation, style: Style): string[] {
  const { values, rule, record, fn, same_text: twins, other_texts: others } = explanation;
  const lines = labelled('means', explanation.meaning, style);
  for (const [i, value] of values.entries())
    lines.push(
      `  ${style.faint((i === 0 ? 'names' : '').padEnd(LABEL))}${value.name} ${value.text}${value.meaning === null ? '' : ` (${value.meaning})`}`,
    );
  lines.push(...labelled('check', checkText(explanation), style));
  if (fn !== null) lines.push(...labelled('kernel', `${fn}(), Linux ${explanation.versions}`, style));
  else lines.push(...labelled('kernel', `Linux ${explanation.versions}`, style));
  for (const other of others) lines.push(...labelled('', `${other.versions}: ${other.format}`, style));
  lines.push(...listed('causes', explanation.causes, style));
  if (explanation.avoid !== '') lines.push(...labelled('to do', explanation.avoid, style));
  if (rule !== null) lines.push(...labelled('rule', `${rule.id}: ${ruleText(rule.how)}`, style));
  if (record !== null && rule?.how === 'predicts') {
    lines.push(...labelled('record', record.command, style));
    lines.push(...labelled('', `events ${record.events.join(', ')}`, style));
  }
  lines.push(
    ...listed(
      'same words',
      twins.map(({ id, meaning }) => `${id}: ${meaning}`),
      style,
    ),
  );
  return lines;
}

function checkText({ what, id, cut }: Explanation): string {
  if (what === 'notice') return `${id}, a line of the kernel log that ends nothing`;
  return `${id}${cut ? ' (only the beginning of the message is there)' : ''}`;
}

function ruleText(how: 'predicts' | 'recognises'): string {
  return how === 'predicts'
    ? 'scx-check replay finds the event that leads to it in a trace'
    : 'scx-check replay recognises it in a trace by the exit itself';
}
