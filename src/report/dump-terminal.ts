// The report of a dump for people: the exit explained, what the dump shows, findings, counters.
import type { DumpDocument, DumpExit, DumpFinding, DumpResult } from '../diagnosis/result.ts';
import { cpuTable, dsqLines, taskLines } from './dump-tables.ts';
import { explanationLines } from './explanation-lines.ts';
import { wrapText } from './prose.ts';
import type { Style } from './style.ts';

export interface DumpTerminalOptions {
  readonly style: Style;
  /** Lines of the longest lists. */
  readonly limit: number;
  /** Every check, every counter, every task. */
  readonly verbose: boolean;
}

export function renderDump(result: DumpResult, options: DumpTerminalOptions): string {
  const { style } = options;
  const lines = [...head(result, style), ''];
  for (const exit of result.exits) lines.push(...exitLines(exit, style), '');
  lines.push(...findingLines(result, options));
  for (const [i, dump] of result.dumps.entries()) lines.push(...dumpLines(dump, i, result.dumps.length, options), '');
  for (const set of result.counter_sets)
    lines.push(
      style.strong(`Counters${set.path === '' ? '' : ` of ${set.path}`}, line ${set.line}`),
      ...counterLines(set.counters, options),
      '',
    );
  if (result.state.length > 0)
    lines.push(style.strong('State'), ...result.state.map(({ name, value }) => `  ${name.padEnd(16)}${value}`), '');
  for (const notice of result.notices) {
    lines.push(`${style.strong('Kernel log')}, line ${notice.line}: ${notice.text}`);
    if (notice.explanation !== null) lines.push(...explanationLines(notice.explanation, style));
    lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function head(result: DumpResult, style: Style): string[] {
  const { input } = result;
  const facts = [
    input.form === 'trace' ? (input.format ?? 'trace') : 'text',
    ...(input.kernel === null ? [] : [`Linux ${input.kernel}`]),
    `${result.dumps.length} ${result.dumps.length === 1 ? 'dump' : 'dumps'}, ${result.exits.length} ${result.exits.length === 1 ? 'exit' : 'exits'}`,
    `${input.lines.total} lines`,
    ...(input.lines.unknown > 0 ? [`${input.lines.unknown} of them in dumps and not understood`] : []),
  ];
  const { decoration } = input;
  const undone = [
    ...(decoration.reversed ? ['newest line first'] : []),
    ...(decoration.html ? ['HTML escapes'] : []),
    ...(decoration.wrapped === 'no' ? [] : ['broken lines']),
    ...(decoration.prefixes.length === 0 ? [] : [`beginnings such as ${JSON.stringify(decoration.prefixes[0])}`]),
  ];
  return [
    `${style.strong(input.path)}  ${style.faint(facts.join(', '))}`,
    ...(undone.length === 0 ? [] : [style.faint(`  undone: ${undone.join('; ')}`)]),
    '',
    `${badge(result.verdict, style)}  ${headline(result)}`,
  ];
}

function badge(verdict: DumpResult['verdict'], style: Style): string {
  if (verdict === 'violation') return style.violation('VIOLATION');
  if (verdict === 'pass') return style.pass('PASS');
  return style.possible(verdict.toUpperCase());
}

function headline(result: DumpResult): string {
  const count = (verdict: string): number => result.findings.filter((finding) => finding.verdict === verdict).length;
  const [first] = result.findings.filter((finding) => finding.verdict === result.verdict);
  switch (result.verdict) {
    case 'violation':
    case 'possible':
      return count(result.verdict) === 1
        ? (first?.message ?? '')
        : `${count(result.verdict)} findings, first: ${first?.message ?? ''}`;
    case 'pass':
      return 'no error and nothing out of order; a dump shows one moment only';
    case 'not evaluated':
      return 'nothing in it could be checked';
  }
}

function exitLines(exit: DumpExit, style: Style): string[] {
  const end = exit.error ? style.violation('ejected') : 'ended';
  const facts = [
    `${exit.reason === '' ? 'reason not known' : exit.reason}${exit.kind === null ? '' : ` (kind ${exit.kind})`}`,
    ...(exit.cpu === null ? [] : [`CPU ${exit.cpu}`]),
  ];
  const lines = [
    `${style.strong('Scheduler')} ${exit.scheduler ?? '?'} ${end}: ${facts.join(', ')}  ${style.faint(placesOf(exit))}`,
  ];
  if (exit.message !== '')
    lines.push(
      ...wrapText(`${exit.message}${exit.message_cut ? ' …' : ''}`, 2).map((line) => `  ${style.strong(line)}`),
    );
  if (exit.code_meaning !== null) lines.push(`  exit code ${exit.code}: ${exit.code_meaning}`);
  if (exit.explanation === null) lines.push('  its words are none of the kernel that this program knows');
  else lines.push(...explanationLines(exit.explanation, style));
  return lines;
}

/** `dump line 3, tool line 96`: what tells of the exit, and where. */
function placesOf({ lines, positions, sources }: DumpExit): string {
  const places = lines.map((line, i) => positions[i] ?? `line ${line}`);
  if (new Set(places).size === 1) return `${sources.join(' and ')}, ${places[0]}`;
  return places.map((place, i) => `${sources[i] ?? 'text'} ${place}`).join(', ');
}

/** Findings by the matter that they belong to, what is certain first. The ejection is shown with the exit. */
function findingLines(result: DumpResult, { style, limit }: DumpTerminalOptions): string[] {
  const rest = result.findings.filter((finding) => finding.check !== 'scheduler-ejected');
  if (rest.length === 0) return [];
  const order = [...new Set(result.findings.map(({ group }) => group))];
  const groups = order
    .map((group) => rest.filter((finding) => finding.group === group))
    .filter(({ length }) => length > 0);
  const lines = [style.strong('Findings')];
  for (const members of groups.slice(0, limit))
    lines.push(...members.flatMap((finding) => findingText(finding, style)));
  if (groups.length > limit) lines.push(style.faint(`  and ${groups.length - limit} more; --limit shows more`));
  return [...lines, ''];
}

function findingText(finding: DumpFinding, style: Style): string[] {
  const { verdict } = finding;
  const badgeText =
    verdict === 'violation' ? style.violation(verdict) : verdict === 'possible' ? style.possible(verdict) : verdict;
  const kind = finding.class === null ? finding.check : `${finding.check} [${finding.class}]`;
  const [first = '', ...more] = wrapText(finding.message, 4);
  const lines = [`  ${badgeText} ${style.strong(kind)}`, `    ${first}`, ...more.map((line) => `    ${line}`)];
  for (const item of finding.evidence)
    lines.push(`      ${style.faint(item.position ?? `line ${item.line}`)}  ${item.text}`);
  if (finding.proven_by !== null)
    lines.push(...wrapText(`proof: ${finding.proven_by}`, 6).map((line) => style.faint(`      ${line}`)));
  return lines;
}

function dumpLines(dump: DumpDocument, index: number, count: number, options: DumpTerminalOptions): string[] {
  const { style, verbose, limit } = options;
  const lines = [
    `${style.strong(count === 1 ? 'Dump' : `Dump ${index + 1}`)}  ${style.faint(`lines ${dump.line} to ${dump.last_line}`)}`,
    `  ${triggerText(dump)}`,
    `  ${kernelText(dump)}; watchdog timeout ${timeoutText(dump)}`,
  ];
  if (dump.truncated !== null)
    lines.push(
      style.possible(
        dump.truncated === 'marker'
          ? '  truncated: the buffer of the kernel was full (exit_dump_len); the trace event sched_ext_dump has all lines'
          : '  truncated: its end is missing',
      ),
    );
  if (dump.headless) lines.push(style.possible('  its beginning is missing'));
  if (dump.backtrace.length > 0)
    lines.push('  backtrace', ...dump.backtrace.slice(0, verbose ? undefined : limit).map((frame) => `    ${frame}`));
  if (dump.ops_dump.length > 0)
    lines.push(
      '  ops.dump() printed',
      ...dump.ops_dump.slice(0, verbose ? undefined : limit).map((line) => `    ${line}`),
    );
  lines.push(...cpuTable(dump, style), ...taskLines(dump, style, verbose ? Number.POSITIVE_INFINITY : limit));
  lines.push(...dsqLines(dump, style));
  if (dump.counters.length > 0) lines.push('  counters', ...counterLines(dump.counters, options));
  lines.push(...checkLines(dump, options));
  for (const { line, text } of dump.unknown.slice(0, verbose ? undefined : limit))
    lines.push(style.faint(`  not understood, line ${line}: ${text}`));
  return lines;
}

function triggerText({ owner, trigger }: DumpDocument): string {
  const of =
    owner === null
      ? 'scheduler not named'
      : `scheduler ${owner.name}, ${owner.level === 0 ? 'the root' : `level ${owner.level}, cgroup ${owner.cgroup ?? '?'} ${owner.path ?? ''}`.trimEnd()}`;
  if (trigger === null) return of;
  if (trigger.by === 'sysrq') return `${of}; asked for by ${trigger.text ?? 'SysRq-D'}`;
  const task = trigger.current === null ? '' : `; ${trigger.current} was current when it was taken`;
  return `${of}; exit kind ${trigger.exit_kind ?? '?'}${trigger.cpu === null ? '' : ` on CPU ${trigger.cpu}`}${task}`;
}

function kernelText({ kernel }: DumpDocument): string {
  if (kernel.contradictory) return 'no one kernel release prints all of it';
  if (kernel.source === 'unknown') return 'kernel release not known';
  const [first] = kernel.releases;
  const last = kernel.releases.at(-1);
  const span = first === last ? `${first}` : `${first} to ${last}`;
  if (kernel.source !== 'shape') return `Linux ${span}`;
  return `Linux ${span} (${kernel.evidence.map(({ text }) => text).join('; ')})`;
}

const SOURCES: Readonly<Record<DumpDocument['timeout']['source'], string>> = {
  option: 'as given',
  trace: 'as the trace says',
  message: 'as the message tells',
  limit: 'the longest that there is',
};

function timeoutText({ timeout }: DumpDocument): string {
  const { ms, over_ms: over, source } = timeout;
  return ms === null ? `at most ${over} ms, ${SOURCES[source]}` : `${ms} ms, ${SOURCES[source]}`;
}

function counterLines(counters: DumpDocument['counters'], { style, verbose }: DumpTerminalOptions): string[] {
  const shown = verbose ? counters : counters.filter(({ value }) => String(value) !== '0');
  if (shown.length === 0) return ['    all 0'];
  const width = Math.max(...shown.map(({ value }) => String(value).length));
  return shown.map(({ name, value, raised, doubtful }) => {
    const text = `    ${String(value).padStart(width)}  ${name}`;
    return doubtful && String(value) !== '0' ? `${style.possible(text)}  ${style.faint(raised ?? '')}` : text;
  });
}

function checkLines(dump: DumpDocument, { style, verbose }: DumpTerminalOptions): string[] {
  if (verbose)
    return [
      '  checks',
      ...dump.checks.map(
        ({ id, verdict, checked, reason }) =>
          `    ${verdict.padEnd(14)}${id}, ${checked} times${reason === null ? '' : style.faint(` (${reason})`)}`,
      ),
    ];
  const passed = dump.checks.filter(({ verdict }) => verdict === 'pass').length;
  const idle = dump.checks.filter(({ verdict }) => verdict === 'not evaluated').length;
  return [style.faint(`  ${passed} checks passed, ${idle} had nothing to look at; --verbose lists them`)];
}
