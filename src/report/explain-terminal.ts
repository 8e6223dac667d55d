// The answer of `explain` for people.
import type { RecordAdvice } from '../explain/record.ts';
import type { ExplainDocument } from '../explain/topic.ts';
import type { ResultFinding } from '../findings/result.ts';
import { explanationLines, labelled, listed } from './explanation-lines.ts';
import type { Style } from './style.ts';
import { renderFinding } from './terminal.ts';

export function renderTopic(topic: ExplainDocument, style: Style): string {
  return `${linesOf(topic, style).join('\n')}\n`;
}

/** What the rule reports in a small trace that was written for it. */
export function renderExample(finding: ResultFinding, style: Style): string {
  // The command that shows a finding again is about the trace of the user.
  const { command: _, ...details } = finding.details;
  const lines = renderFinding({ ...finding, details }, style).map((line) => `  ${line}`);
  return `\n${style.strong('Example')}\n${lines.join('\n')}\n`;
}

function linesOf(topic: ExplainDocument, style: Style): string[] {
  switch (topic.kind) {
    case 'rule':
      return ruleLines(topic, style);
    case 'dump-check':
      return [
        `${style.strong(topic.id)}  check of debug dumps: ${topic.verdicts.join(', ')}`,
        `  ${topic.title}`,
        '',
        ...labelled('means', topic.meaning, style),
        ...labelled('shown by', topic.shown_by, style),
        ...labelled('proven by', topic.proven_by, style),
        ...(topic.rule === null ? [] : labelled('rule', `${topic.rule} finds it in a trace`, style)),
      ];
    case 'counter':
      return [
        `${style.strong(topic.id)}  event counter, Linux ${topic.versions}`,
        '',
        ...labelled('counts', topic.raised, style),
        ...labelled('tells', topic.tells, style),
        ...labelled(
          '',
          topic.doubtful ? 'doubtful: more than 0 is worth a look' : 'normal in a healthy scheduler',
          style,
        ),
      ];
    case 'message': {
      const { exit } = topic;
      const head =
        exit === null
          ? 'line of the kernel log'
          : `exit: ${exit.reason}${exit.kind === null ? '' : ` (kind ${exit.kind})`}`;
      return [
        `${style.strong(topic.message === '' ? (exit?.reason ?? topic.id) : topic.message)}`,
        `  ${head}${exit?.cpu == null ? '' : `, CPU ${exit.cpu}`}${exit?.scheduler == null ? '' : `, scheduler ${exit.scheduler}`}`,
        ...(topic.format === null || topic.format === topic.message ? [] : [`  ${style.faint(topic.format)}`]),
        '',
        ...(exit?.code == null
          ? []
          : labelled('exit code', `${exit.code}${exit.code_meaning === null ? '' : `: ${exit.code_meaning}`}`, style)),
        ...explanationLines(topic, style),
      ];
    }
  }
}

function ruleLines(topic: Extract<ExplainDocument, { kind: 'rule' }>, style: Style): string[] {
  const message = topic.kernel_message;
  return [
    `${style.strong(topic.id)}  ${topic.severity}`,
    `  ${topic.title}`,
    '',
    ...labelled('means', topic.meaning, style),
    ...labelled(
      'kernel',
      `${topic.fn}${message === null ? '; no error of the kernel' : ''}, Linux ${topic.versions}`,
      style,
    ),
    ...(message === null ? [] : labelled('message', message === '' ? '(none)' : message, style)),
    ...listed('causes', topic.causes, style),
    ...labelled('to do', topic.avoid, style),
    ...labelled('record', recordText(topic.record), style),
    ...labelled('', `events ${topic.record.events.join(', ') || '(nothing in particular)'}`, style),
    ...(topic.caused_by.length === 0 ? [] : labelled('caused by', topic.caused_by.join(', '), style)),
    ...(topic.leads_to.length === 0 ? [] : labelled('leads to', topic.leads_to.join(', '), style)),
    ...(topic.dump_checks.length === 0
      ? []
      : labelled('in dumps', `${topic.dump_checks.join(', ')} (scx-check dump)`, style)),
  ];
}

function recordText({ command, level }: RecordAdvice): string {
  return level === null
    ? 'nothing records it: traces that are written by hand or by other tools may hold it'
    : `${command}, or all rules of its kind: --level ${level}`;
}
