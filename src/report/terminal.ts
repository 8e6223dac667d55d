// The report for people: verdict first, then each finding with its evidence, then what was checked and how well the model fits.
import type {
  EvidenceItem,
  ExactNumber,
  ReplayResult,
  ResultFinding,
  ResultRule,
  Verdict,
} from '../findings/result.ts';
import type { Style } from './style.ts';

export interface TerminalOptions {
  readonly style: Style;
  /** Findings of one rule that are shown in full. */
  readonly perRule: number;
  /** Only the verdict and the findings' first lines. */
  readonly quiet: boolean;
  /** List every rule, also those that passed. */
  readonly verbose?: boolean;
}

/** 1,234,567. By hand, because Intl takes longer to load than a small trace to replay. */
const count = (n: number): string => String(n).replace(/\B(?=(?:\d{3})+$)/g, ',');

export function renderTerminal(result: ReplayResult, options: TerminalOptions): string {
  const lines: string[] = [...head(result, options.style), ''];
  lines.push(...findings(result, options), ...whatIf(result, options.style));
  if (!options.quiet) {
    lines.push(...rules(result, options), ...fidelity(result, options.style), ...unused(result, options.style));
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function head(result: ReplayResult, style: Style): string[] {
  const { trace } = result;
  const facts = [
    trace.format,
    trace.kernel === null ? 'kernel unknown' : `Linux ${trace.kernel}`,
    trace.clock === null ? undefined : `clock ${trace.clock}`,
    `${trace.cpus} CPUs`,
    `${(trace.span_ns / 1e9).toFixed(3)} s`,
    `${count(trace.events.total)} records`,
    trace.events.lost === 0 ? undefined : `${trace.events.lost < 0 ? 'some' : count(trace.events.lost)} lost`,
    trace.starts_mid_run ? 'starts mid-run' : undefined,
  ].filter((fact) => fact !== undefined);
  const lines = [
    `${style.strong(trace.path)}  ${style.faint(facts.join(', '))}`,
    '',
    `${badge(result.verdict, style)}  ${headline(result)}`,
  ];
  if (result.incomplete !== undefined) lines.push(`${style.violation('incomplete')}  ${result.incomplete.error}`);
  for (const sched of result.schedulers) {
    const name = `${sched.name === '' ? '?' : sched.name} (id ${sched.id}${sched.level > 0 ? `, level ${sched.level}` : ''})`;
    const { exit } = sched;
    if (exit === null) lines.push(`  scheduler ${name}: loaded to the end`);
    else lines.push(`  scheduler ${name}: ended, ${exit.reason}${exit.message === '' ? '' : ` (${exit.message})`}`);
    const drops = Object.entries(sched.drops);
    if (drops.length > 0)
      lines.push(
        style.faint(
          `    verdicts dropped: ${drops.map(([id, entry]) => `${count(entry.count)} ${id.replace(/^drop-/, '')}`).join(', ')}`,
        ),
      );
  }
  return lines;
}

function headline(result: ReplayResult): string {
  const broken = result.rules.filter((rule) => rule.verdict === result.verdict);
  const names = broken.map((rule) => rule.id).join(', ');
  if (result.incomplete !== undefined && names === '') {
    const passed = result.rules.filter((rule) => rule.verdict === 'pass').length;
    return `the input is damaged; ${ruleCount(passed)} checked up to there, nothing found`;
  }
  switch (result.verdict) {
    case 'violation':
      return `${broken.length === 1 ? 'a rule is' : `${broken.length} rules are`} broken: ${names}`;
    case 'possible':
      return `something may be wrong: ${names}`;
    case 'inconclusive':
      return `cannot be decided: ${names}`;
    case 'not evaluated':
      return 'no rule could be evaluated';
    case 'pass':
      return `${ruleCount(broken.length)} checked, nothing found`;
  }
}

function ruleCount(n: number): string {
  return n === 1 ? '1 rule' : `${n} rules`;
}

function badge(verdict: Verdict, style: Style): string {
  if (verdict === 'violation') return style.violation('VIOLATION');
  if (verdict === 'pass') return style.pass('PASS');
  return style.possible(verdict.toUpperCase());
}

function findings(result: ReplayResult, options: TerminalOptions): string[] {
  const { style, perRule } = options;
  const lines: string[] = [];
  const shown = new Map<string, number>();
  const symptoms = new Map<number, ResultFinding[]>();
  for (const finding of result.findings) {
    if (finding.cause === null) continue;
    const root = rootOf(result.findings, finding.cause);
    symptoms.set(root, [...(symptoms.get(root) ?? []), finding]);
  }
  for (const [i, finding] of result.findings.entries()) {
    if (finding.cause !== null) continue;
    const n = (shown.get(finding.rule) ?? 0) + 1;
    shown.set(finding.rule, n);
    if (n > perRule) continue;
    lines.push(...renderFinding(finding, style, options.quiet), ...renderSymptoms(symptoms.get(i) ?? [], options), '');
  }
  for (const rule of result.rules) {
    const grouped = result.findings.filter((finding) => finding.rule === rule.id && finding.cause !== null).length;
    const hidden = rule.findings - grouped - Math.min(perRule, shown.get(rule.id) ?? 0);
    if (hidden > 0)
      lines.push(style.faint(`${count(hidden)} more of ${rule.id}; --limit shows more, --format json lists them`), '');
  }
  return lines;
}

/** The finding that stands for all that follow from it. */
function rootOf(findings: readonly ResultFinding[], index: number): number {
  const cause = findings[index]?.cause ?? null;
  return cause === null ? index : rootOf(findings, cause);
}

/** What follows from a finding, in one line each. */
function renderSymptoms(symptoms: readonly ResultFinding[], { style, perRule }: TerminalOptions): string[] {
  const shown = symptoms.slice(0, perRule);
  const lines = shown.map((finding) => {
    const kind = finding.class === null || finding.class === '' ? finding.rule : `${finding.rule} [${finding.class}]`;
    return `  ${style.faint('└')} ${seconds(finding.ts)}  ${kind}: ${finding.message}`;
  });
  if (symptoms.length > shown.length)
    lines.push(style.faint(`  └ and ${count(symptoms.length - shown.length)} more that follow from it`));
  return lines;
}

/** One finding as a compiler would print it: rule, place, sentence, the events that prove it, the command that shows it. */
export function renderFinding(finding: ResultFinding, style: Style, quiet = false): string[] {
  const verdict = finding.verdict === 'violation' ? style.violation(finding.severity) : style.possible(finding.verdict);
  const kind = finding.class === null ? finding.rule : `${finding.rule} [${finding.class}]`;
  const lines = [`${verdict} ${style.strong(kind)}  ${finding.message}`];
  if (quiet) return lines;
  if (finding.kernel_message !== null) {
    lines.push(
      `  kernel message: ${finding.kernel_message}${finding.kernel === null ? '' : ` (${kernelWords(finding.kernel)})`}`,
    );
  }
  const began = startOf(finding);
  const last = finding.evidence.length - 1;
  for (const [i, item] of finding.evidence.entries()) {
    const mark =
      began !== undefined && item.ts === began.ts && item.text.startsWith(began.text)
        ? 'began'
        : i === last
          ? '    →'
          : '     ';
    lines.push(
      `  ${style.mark(mark)} ${seconds(item.ts)}  CPU ${String(item.cpu).padEnd(3)} ${item.text}  ${style.faint(item.position)}`,
    );
  }
  const { command } = finding.details;
  if (typeof command === 'string') lines.push(`  ${style.faint(`show it: ${command}`)}`);
  return lines;
}

function startOf(finding: ResultFinding): EvidenceItem | undefined {
  const { began } = finding.details;
  return typeof began === 'object' && began !== null && 'ts' in began ? (began as EvidenceItem) : undefined;
}

function kernelWords(status: string): string {
  switch (status) {
    case 'confirmed':
      return 'confirmed: the kernel ended the scheduler with it';
    case 'masked':
      return 'masked: an exit had already been claimed';
    case 'contradicted':
      return 'contradicted: the kernel did not raise it';
    default:
      return 'the trace does not show exits';
  }
}

/** Time in seconds, ns exact, as trace-cmd prints times. */
export function seconds(ts: ExactNumber): string {
  const ns = BigInt(ts);
  const sign = ns < 0n ? '-' : '';
  const abs = ns < 0n ? -ns : ns;
  return `${sign}${abs / 1_000_000_000n}.${String(abs % 1_000_000_000n).padStart(9, '0')}`;
}

/** More rules than this are counted, not listed. */
const LISTED = 12;

function rules(result: ReplayResult, { style, verbose }: TerminalOptions): string[] {
  const lines = [style.strong('Rules')];
  const list = (label: string, ids: readonly string[], summary: string): void => {
    if (verbose === true || ids.length <= LISTED) lines.push(...wrap(label, ids));
    else lines.push(`${label}${summary}`);
  };
  const groups: readonly { verdict: Verdict; title: string }[] = [
    { verdict: 'violation', title: 'violated' },
    { verdict: 'possible', title: 'possible' },
    { verdict: 'inconclusive', title: 'inconclusive' },
    { verdict: 'pass', title: 'passed' },
  ];
  for (const { verdict, title } of groups) {
    const members = result.rules.filter((rule) => rule.verdict === verdict);
    if (members.length === 0) continue;
    const checks = members.reduce((sum, rule) => sum + rule.checked, 0);
    const noted = members.filter((rule) => rule.reason !== null || rule.findings > 0);
    const label = `  ${title.padEnd(14)}`;
    list(label, members.map(ruleText), `${ruleCount(members.length)}, ${count(checks)} checks`);
    if (verbose !== true && members.length > LISTED && noted.length > 0)
      lines.push(...wrap(`  ${' '.repeat(14)}`, noted.map(ruleText)));
  }
  const lacking = result.rules.filter((rule) => rule.record !== undefined);
  // Whoever recorded little reads one line a remedy, not one a rule.
  const brief = verbose !== true && lacking.length > LISTED;
  if (brief) {
    for (const record of new Set(lacking.map((rule) => rule.record ?? ''))) {
      const ids = lacking.filter((rule) => rule.record === record).map((rule) => rule.id);
      lines.push(
        `  ${'not evaluated'.padEnd(14)}${ruleCount(ids.length)}`,
        `  ${' '.repeat(14)}${style.faint(record === '' ? '— no recorder records what they need' : `— not recorded what they need: ${record} records it`)}`,
      );
    }
  }
  for (const [reason, ids] of reasonsNotEvaluated(
    brief ? result.rules.filter((rule) => rule.record === undefined) : result.rules,
  )) {
    list(`  ${'not evaluated'.padEnd(14)}`, ids, ruleCount(ids.length));
    const record = result.rules.find((rule) => rule.id === ids[0])?.record ?? '';
    lines.push(`  ${' '.repeat(14)}${style.faint(`— ${reason}${record === '' ? '' : ` (${record})`}`)}`);
  }
  if (verbose !== true && result.rules.length > LISTED) lines.push(style.faint('  --verbose lists them all'));
  return [...lines, ''];
}

function ruleText(rule: ResultRule): string {
  const found = rule.findings > 0 ? `${count(rule.findings)} found, ` : '';
  return `${rule.id} (${found}checked ${count(rule.checked)}×)${rule.reason !== null && rule.verdict !== 'not evaluated' ? ` [${rule.reason}]` : ''}`;
}

function reasonsNotEvaluated(rules: readonly ResultRule[]): ReadonlyMap<string, string[]> {
  const reasons = new Map<string, string[]>();
  for (const rule of rules) {
    if (rule.verdict !== 'not evaluated') continue;
    const reason = rule.reason ?? '';
    reasons.set(reason, [...(reasons.get(reason) ?? []), rule.id]);
  }
  return reasons;
}

const WIDTH = 118;

/** Items behind a label, broken at the width of a page. */
export function wrap(label: string, items: readonly string[]): string[] {
  const lines: string[] = [];
  let line = label;
  for (const [i, item] of items.entries()) {
    const text = i === items.length - 1 ? item : `${item}, `;
    if (line.length + text.trimEnd().length > WIDTH && line.trim() !== label.trim()) {
      lines.push(line.trimEnd());
      line = ' '.repeat(label.length);
    }
    line += text;
  }
  return [...lines, line.trimEnd()];
}

/** What another release would have done, grouped by how bad it is. */
function whatIf({ what_if }: ReplayResult, style: Style): string[] {
  if (what_if === undefined) return [];
  const { kernel, differences } = what_if;
  const lines = [style.strong(`Under Linux ${kernel}`)];
  if (differences.length === 0) lines.push('  nothing would have been different, as far as the trace shows');
  for (const [change, title] of Object.entries(CHANGES)) {
    for (const entry of differences.filter((other) => other.change === change)) {
      const label = change === 'fatal' ? style.violation(title) : style.possible(title);
      lines.push(
        `  ${label}  ${entry.text}`,
        `      ${entry.count > 1 ? `${count(entry.count)} times, first ` : ''}${seconds(entry.first.ts)}  CPU ${entry.first.cpu} ${entry.first.text}  ${style.faint(entry.first.position)}`,
      );
    }
  }
  return [...lines, ''];
}

const CHANGES: Readonly<Record<string, string>> = {
  fatal: 'fatal there',
  survives: 'not fatal there',
  message: 'another message',
  dropped: 'dropped there',
  fallback: 'silent fallback',
  ignored: 'ignored there',
  missing: 'does not exist',
  different: 'different',
};

const FIDELITY_TITLES: Readonly<Record<string, string>> = {
  picks: 'picks',
  consumes: 'consumptions',
  dsq_lengths: 'DSQ lengths',
  bypass_lb: 'balancer records',
  exits: 'exits',
};

function fidelity(result: ReplayResult, style: Style): string[] {
  const parts = Object.entries(result.fidelity).map(([name, line]) => {
    const share = `${count(line.explained)} of ${count(line.observed)} ${FIDELITY_TITLES[name] ?? name}`;
    const missed = line.explained < line.observed;
    return `${missed ? style.possible(share) : share}${line.unknown > 0 ? ` (${count(line.unknown)} not decidable)` : ''}`;
  });
  const lines = [`${style.strong('Model')}  predicted ${parts.join(', ')}`];
  if (
    Object.values(result.fidelity).some((line) => line.explained < line.observed) &&
    result.mismatches === undefined
  ) {
    lines.push(style.faint('  --explain-fidelity lists what it did not predict'));
  }
  for (const { line, text, evidence } of result.mismatches ?? []) {
    lines.push(
      `  ${FIDELITY_TITLES[line] ?? line}: ${text}`,
      `    ${seconds(evidence.ts)}  CPU ${evidence.cpu} ${evidence.text}  ${style.faint(evidence.position)}`,
    );
  }
  return [...lines, ''];
}

function unused(result: ReplayResult, style: Style): string[] {
  const entries = Object.entries(result.trace.events.unused);
  if (entries.length === 0) return [`${style.strong('Events')}  all ${count(result.trace.events.total)} records used`];
  return wrap(
    `${style.strong('Events')}  not used: `,
    entries.map(([name, n]) => `${name} ${count(n)}`),
  );
}
